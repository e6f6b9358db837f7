//! The keys of `[network]`.

use super::{Form, Key, LANDLOCK, NETWORK as SET_UP, Type, Word};

const PORTS: Type = Type::NotYet(&Type::List(&Type::Integer(0, 65535)), LANDLOCK);

pub(super) const NETWORK: &[Key] = &[
    Key::new("loopback", Type::Boolean, "bring lo up in the new network namespace").default("false"),
    Key::new("bind_tcp", PORTS, "TCP ports that the program may listen on"),
    Key::new("connect_tcp", PORTS, "TCP ports that the program may connect to"),
    Key::new(
        "address_families",
        Type::NotYet(&Type::List(&Type::String(Form::Text)), super::FILTER),
        "the families of sockets that the program may make",
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
