//! The keys of `[network]`.

use super::{Form, Key, NETWORK as SET_UP, Type, Word};

const PORTS: Type = Type::List(&Type::Port);

pub(super) const NETWORK: &[Key] = &[
    Key::new("loopback", Type::Boolean, "bring lo up in the new network namespace").default("false"),
    Key::new(
        "bind_tcp",
        PORTS,
        "TCP ports that the program may bind; of the Internet's sockets only TCP's are left",
    ),
    Key::new(
        "connect_tcp",
        PORTS,
        "TCP ports that the program may connect to; of the Internet's sockets only TCP's are left",
    ),
    Key::new(
        "address_families",
        Type::List(&Type::String(Form::Constant)),
        "the families of sockets that may be made, of those calls that [seccomp] allows; any when absent",
    ),
    Key::new(
        "interfaces",
        Type::NotYet(&Type::List(&Type::Table(INTERFACE)), SET_UP),
        "interfaces of the new network namespace",
    ),
];

const INTERFACE: &[Key] = &[
    Key::new("kind", Type::Words(&[Word::new("veth", "a pair, one end outside")]), "what it is").required(),
    Key::new("name", Type::String(Form::Text), "its name inside").required(),
    Key::new("address", Type::String(Form::Address), "its address inside"),
    Key::new("gateway", Type::String(Form::Address), "the default route"),
    Key::new("peer", Type::String(Form::Text), "the name of the end outside"),
    Key::new("peer_address", Type::String(Form::Address), "the address outside"),
];
