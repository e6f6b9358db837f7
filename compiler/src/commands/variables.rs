//! `--var`: values for the variables of the spec that a command is about.

use anyhow::bail;
use boxwright::Options;

/// Values of the spec's variables.
#[derive(clap::Args, Clone, Default)]
pub struct Variables {
    /// Give a variable of the spec's [vars] this value; may be repeated
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    values: Vec<(String, String)>,
}

impl Variables {
    /// What the spec is understood with.
    pub fn options(&self) -> anyhow::Result<Options> {
        for (at, (name, _)) in self.values.iter().enumerate() {
            if self.values.iter().take(at).any(|(earlier, _)| earlier == name) {
                bail!("--var gives `{name}` two values; remove one");
            }
        }
        Ok(Options { variables: self.values.clone(), ..Options::default() })
    }
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
