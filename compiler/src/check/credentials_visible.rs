//! Keys, tokens and passwords of the host are worth more than the sandbox.

use super::sources::{self, Shown, matches};
use super::{home_visible, socket_bound};
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule =
    Rule::warning("credentials-visible", "keys or passwords of the host can be read in the sandbox").why(
        "A private key, a token or a table of passwords that the program can read leaves the sandbox with \
        it, over any connection that it has or in what it writes, and opens other machines. Read-only does \
        not help. Attacks on package registries look for `.ssh`, `.aws` and `.npmrc` first.\n\n\
        Remove the bind, or bind a file that holds what this program alone needs, and accept the finding \
        for it. An agent such as ssh-agent signs without giving the key away.",
    );

/// What is to be had in a place.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Keys,
    Passwords,
    Tokens,
    Browser,
    Authority,
    History,
}

impl Kind {
    fn reason(self) -> &'static str {
        match self {
            Self::Keys => "private keys",
            Self::Passwords => "passwords, or what they can be guessed from",
            Self::Tokens => "tokens that other machines accept",
            Self::Browser => "cookies and passwords of a browser",
            Self::Authority => "who may become root, and how",
            Self::History => "commands that have been typed, with their secrets",
        }
    }
}

/// The places, with everything beneath them.
const PLACES: &[(&str, Kind)] = &[
    ("/etc/NetworkManager/system-connections", Kind::Passwords),
    ("/etc/docker/key.json", Kind::Keys),
    ("/etc/gshadow", Kind::Passwords),
    ("/etc/gshadow-", Kind::Passwords),
    ("/etc/ipsec.secrets", Kind::Keys),
    ("/etc/krb5.keytab", Kind::Keys),
    ("/etc/kubernetes", Kind::Tokens),
    ("/etc/letsencrypt", Kind::Keys),
    ("/etc/mysql/debian.cnf", Kind::Passwords),
    ("/etc/openvpn", Kind::Keys),
    ("/etc/pki/tls/private", Kind::Keys),
    ("/etc/ppp/*-secrets", Kind::Passwords),
    ("/etc/rancher", Kind::Tokens),
    ("/etc/security/opasswd", Kind::Passwords),
    ("/etc/shadow", Kind::Passwords),
    ("/etc/shadow-", Kind::Passwords),
    ("/etc/ssh/ssh_host_*", Kind::Keys),
    ("/etc/ssl/private", Kind::Keys),
    ("/etc/sudoers", Kind::Authority),
    ("/etc/sudoers.d", Kind::Authority),
    ("/etc/wireguard", Kind::Keys),
    ("/etc/wpa_supplicant", Kind::Passwords),
    ("/run/credentials", Kind::Tokens),
    ("/run/secrets", Kind::Tokens),
    ("/var/lib/docker", Kind::Tokens),
    ("/var/lib/kubelet", Kind::Tokens),
    ("/var/lib/samba/private", Kind::Passwords),
    ("/var/lib/sss/db", Kind::Passwords),
    ("/var/lib/sss/secrets", Kind::Tokens),
    ("~/.ICEauthority", Kind::Tokens),
    ("~/.Xauthority", Kind::Tokens),
    ("~/.aws", Kind::Tokens),
    ("~/.azure", Kind::Tokens),
    ("~/.bash_history", Kind::History),
    ("~/.bitcoin", Kind::Keys),
    ("~/.boto", Kind::Tokens),
    ("~/.cargo/credentials", Kind::Tokens),
    ("~/.cargo/credentials.toml", Kind::Tokens),
    ("~/.claude/.credentials.json", Kind::Tokens),
    ("~/.codex/auth.json", Kind::Tokens),
    ("~/.composer/auth.json", Kind::Tokens),
    ("~/.config/BraveSoftware", Kind::Browser),
    ("~/.config/chromium", Kind::Browser),
    ("~/.config/composer/auth.json", Kind::Tokens),
    ("~/.config/containers/auth.json", Kind::Tokens),
    ("~/.config/doctl", Kind::Tokens),
    ("~/.config/gcloud", Kind::Tokens),
    ("~/.config/gh", Kind::Tokens),
    ("~/.config/git/credentials", Kind::Passwords),
    ("~/.config/glab-cli", Kind::Tokens),
    ("~/.config/google-chrome", Kind::Browser),
    ("~/.config/hub", Kind::Tokens),
    ("~/.config/microsoft-edge", Kind::Browser),
    ("~/.config/op", Kind::Tokens),
    ("~/.config/rclone", Kind::Tokens),
    ("~/.config/sops", Kind::Keys),
    ("~/.config/vivaldi", Kind::Browser),
    ("~/.docker/config.json", Kind::Tokens),
    ("~/.electrum", Kind::Keys),
    ("~/.ethereum", Kind::Keys),
    ("~/.gem/credentials", Kind::Tokens),
    ("~/.git-credentials", Kind::Passwords),
    ("~/.gnupg", Kind::Keys),
    ("~/.gradle/gradle.properties", Kind::Tokens),
    ("~/.kube", Kind::Tokens),
    ("~/.local/share/keyrings", Kind::Passwords),
    ("~/.local/share/kwalletd", Kind::Passwords),
    ("~/.m2/settings.xml", Kind::Passwords),
    ("~/.minikube", Kind::Keys),
    ("~/.mozilla", Kind::Browser),
    ("~/.my.cnf", Kind::Passwords),
    ("~/.netrc", Kind::Passwords),
    ("~/.npmrc", Kind::Tokens),
    ("~/.oci", Kind::Keys),
    ("~/.password-store", Kind::Passwords),
    ("~/.pgpass", Kind::Passwords),
    ("~/.pki", Kind::Keys),
    ("~/.pypirc", Kind::Tokens),
    ("~/.s3cfg", Kind::Tokens),
    ("~/.ssh", Kind::Keys),
    ("~/.terraform.d/credentials.tfrc.json", Kind::Tokens),
    ("~/.terraformrc", Kind::Tokens),
    ("~/.thunderbird", Kind::Browser),
    ("~/.vault-token", Kind::Tokens),
    ("~/.zsh_history", Kind::History),
    ("~/snap/chromium", Kind::Browser),
    ("~/snap/firefox", Kind::Browser),
];

/// Names of files that hold one, wherever they are.
const NAMES: &[(&str, Kind)] = &[
    ("*-token", Kind::Tokens),
    ("*.jks", Kind::Keys),
    ("*.kdbx", Kind::Passwords),
    ("*.key", Kind::Keys),
    ("*.keytab", Kind::Keys),
    ("*.p12", Kind::Keys),
    ("*.pfx", Kind::Keys),
    ("*.token", Kind::Tokens),
    ("*_token", Kind::Tokens),
    (".env", Kind::Passwords),
    (".htpasswd", Kind::Passwords),
    ("credentials.json", Kind::Tokens),
    ("id_dsa", Kind::Keys),
    ("id_ecdsa", Kind::Keys),
    ("id_ecdsa_sk", Kind::Keys),
    ("id_ed25519", Kind::Keys),
    ("id_ed25519_sk", Kind::Keys),
    ("id_rsa", Kind::Keys),
    ("kubeconfig", Kind::Tokens),
    ("privkey.pem", Kind::Keys),
    ("secrets.json", Kind::Tokens),
    ("secrets.toml", Kind::Tokens),
    ("secrets.yaml", Kind::Tokens),
    ("secrets.yml", Kind::Tokens),
    ("token", Kind::Tokens),
];

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    sources::shown(policy).iter().filter_map(|shown| finding(policy, shown)).collect()
}

fn finding(policy: &Policy, shown: &Shown<'_>) -> Option<Diagnostic> {
    let source = &shown.source;
    // Its own finding says what is in a home directory, and what a socket leads to.
    if home_visible::is_home(source) || socket_bound::looks_like_a_socket(source) {
        return None;
    }
    let name = source.rsplit('/').next().unwrap_or_default();
    let named = || NAMES.iter().find(|(pattern, _)| matches(name, pattern)).map(|&(_, kind)| kind);
    let (message, kind, places) = match shown.within(PLACES).or_else(named) {
        Some(kind) => (format!("`{source}` of the host can be read"), kind, Vec::new()),
        None => {
            let places = shown.beneath(PLACES, &policy.filesystem);
            let (_, kind) = *places.first()?;
            let more = sources::and_more(&places);
            (format!("`{source}` of the host can be read, with {more} in it"), kind, places)
        }
    };
    let label = format!("expected to hold {}", kind.reason());
    Some(
        RULE.at(shown.span, message)
            .label(label)
            .evidence(shown.evidence(&places))
            .help("remove it, or bind a file with only what this program needs"),
    )
}
