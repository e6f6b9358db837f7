//! Reads `[network]` as it is written.

use super::extract::{Extract, field, list};
use crate::source::Spanned;
use crate::spec::{Interface, Network, Route};
use toml::de::{DeTable, DeValue};

impl Extract for Network {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self {
            loopback: field(table, "loopback"),
            address_families: field(table, "address_families"),
            user_mode: field(table, "user_mode"),
            interfaces: list(table, "interfaces"),
        })
    }
}

impl Extract for Interface {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self {
            kind: field(table, "kind")?,
            name: field(table, "name")?,
            address: one_or_more(table, "address"),
            gateway: one_or_more(table, "gateway"),
            routes: list(table, "routes"),
            mtu: field(table, "mtu"),
            mac: field(table, "mac"),
            peer: field(table, "peer"),
            peer_address: one_or_more(table, "peer_address"),
            bridge: field(table, "bridge"),
            link: field(table, "link"),
            mode: field(table, "mode"),
        })
    }
}

impl Extract for Route {
    fn extract(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        Some(Self { destination: field(table, "destination")?, gateway: field(table, "gateway")? })
    }
}

fn one_or_more(table: &DeTable<'_>, name: &str) -> Vec<Spanned<String>> {
    field::<String>(table, name).map_or_else(|| list(table, name), |one| vec![one])
}
