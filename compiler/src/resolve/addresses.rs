//! IP addresses and networks of interfaces and routes: texts into numbers.

use super::rules::INVALID_ADDRESS;
use crate::diagnostic::Diagnostic;
use crate::policy::Subnet;
use crate::source::Spanned;
use std::net::IpAddr;

/// An address with its network, `10.0.0.2/24`, that one interface can have.
pub(super) fn interface_address(text: &Spanned<String>) -> Result<Spanned<Subnet>, Diagnostic> {
    let subnet = subnet(text)?;
    // The last two prefixes have no such addresses (RFC 3021, RFC 6164).
    if subnet.prefix + 1 < subnet.bits() && subnet.address == subnet.network() {
        return Err(invalid(text, "is the network itself").help("write the address of one host in it"));
    }
    if subnet.broadcast() == Some(subnet.address) {
        return Err(invalid(text, "is the address of all hosts of its network"));
    }
    one_host(text, subnet.address)?;
    Ok(Spanned::new(subnet, text.span))
}

/// A network, `10.1.0.0/16`, that a route leads to.
pub(super) fn destination(text: &Spanned<String>) -> Result<Subnet, Diagnostic> {
    let subnet = subnet(text)?;
    let network = Subnet { address: subnet.network(), ..subnet };
    if subnet != network {
        return Err(invalid(text, "has bits of a host").help(format!("write `{network}`")));
    }
    Ok(subnet)
}

/// An address alone, `10.0.0.1`.
pub(super) fn gateway(text: &Spanned<String>) -> Result<IpAddr, Diagnostic> {
    let address = text.value.parse().map_err(|_| {
        invalid(text, "is no IP address").label("expected an address without a prefix such as \"10.0.0.1\"")
    })?;
    one_host(text, address).map(|()| address)
}

fn subnet(text: &Spanned<String>) -> Result<Subnet, Diagnostic> {
    let expected = || {
        invalid(text, "is no address with a prefix length")
            .label("expected an address such as \"10.0.0.2/24\" or \"fd00::2/64\"")
    };
    let (address, prefix) = text.value.split_once('/').ok_or_else(expected)?;
    let address: IpAddr = address.parse().map_err(|_| expected())?;
    let decimal =
        prefix.bytes().all(|byte| byte.is_ascii_digit()) && (prefix == "0" || !prefix.starts_with('0'));
    let prefix: u8 = prefix.parse().ok().filter(|_| decimal).ok_or_else(expected)?;
    let subnet = Subnet { address, prefix };
    if prefix > subnet.bits() {
        return Err(invalid(text, "has a longer prefix than an address has bits")
            .label(format!("expected at most /{}", subnet.bits())));
    }
    Ok(subnet)
}

fn one_host(text: &Spanned<String>, address: IpAddr) -> Result<(), Diagnostic> {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    let mapped = matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some());
    if address.is_unspecified() || address.is_multicast() || address.is_loopback() || broadcast || mapped {
        return Err(invalid(text, "is not the address of one host on a network"));
    }
    Ok(())
}

fn invalid(text: &Spanned<String>, reason: &str) -> Diagnostic {
    INVALID_ADDRESS.at(text.span, format!("`{}` {reason}", text.value.escape_debug()))
}
