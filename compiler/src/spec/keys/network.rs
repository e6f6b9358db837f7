//! The keys of `[network]`.

use super::{Form, Key, LANDLOCK, Type, Word};

const PORTS: Type = Type::NotYet(&Type::List(&Type::Integer(0, 65535)), LANDLOCK);

pub(super) const NETWORK: &[Key] = &[
    Key::new("loopback", Type::Boolean, "bring lo up in the new network namespace").default("false"),
    Key::new("bind_tcp", PORTS, "TCP ports that the program may listen on"),
    Key::new("connect_tcp", PORTS, "TCP ports that the program may connect to"),
    Key::new(
        "address_families",
        Type::List(&Type::String(Form::Constant)),
        "the families of sockets that may be made, of those calls that [seccomp] allows; any when absent",
    ),
    Key::new(
        "user_mode",
        Type::Words(&[
            Word::new("none", "no network but that of the interfaces"),
            Word::new("pasta", "the program /usr/bin/pasta carries connections out, as whoever launches"),
        ]),
        "a network without privileges, by a program outside",
    )
    .default("\"none\""),
    Key::new(
        "interfaces",
        Type::List(&Type::Table(INTERFACE)),
        "interfaces of the new network namespace; only root can reach the host's network with them",
    ),
];

const ADDRESSES: Type = Type::Union(&[Type::String(Form::Address), Type::List(&Type::String(Form::Address))]);

const INTERFACE: &[Key] = &[
    Key::new(
        "kind",
        Type::Words(&[
            Word::new("veth", "one end of a pair, the other stays outside"),
            Word::new("macvlan", "another address on an interface of the host"),
            Word::new("physical", "an interface of the host, which it loses to the sandbox"),
        ]),
        "what it is",
    )
    .required(),
    Key::new("name", Type::String(Form::Interface), "its name inside").required(),
    Key::new("address", ADDRESSES, "its addresses inside, each with the length of its network's prefix"),
    Key::new("gateway", ADDRESSES, "where the default route leads, at most one for IPv4 and one for IPv6"),
    Key::new("routes", Type::List(&Type::Table(ROUTE)), "further routes"),
    Key::new("mtu", Type::Integer(68, 65535), "the size of the largest packet"),
    Key::new("mac", Type::String(Form::Text), "its hardware address, such as 02:00:00:00:00:01"),
    Key::new("peer", Type::String(Form::Interface), "veth: the name of the end outside"),
    Key::new("peer_address", ADDRESSES, "veth: the addresses of the end outside"),
    Key::new("bridge", Type::String(Form::Interface), "veth: the bridge outside that the end outside joins"),
    Key::new("link", Type::String(Form::Interface), "macvlan and physical: the interface of the host"),
    Key::new(
        "mode",
        Type::Words(&[
            Word::new("private", "it cannot talk to others on the same link"),
            Word::new("bridge", "it can talk to others on the same link"),
            Word::new("vepa", "the switch outside decides"),
            Word::new("passthru", "it has the link for itself"),
        ]),
        "macvlan: whom it can talk to",
    )
    .default("\"private\""),
];

const ROUTE: &[Key] = &[
    Key::new("destination", Type::String(Form::Address), "the network that it leads to").required(),
    Key::new("gateway", Type::String(Form::Address), "the next host on the way").required(),
];
