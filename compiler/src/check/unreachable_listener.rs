//! A server in an empty network namespace is reached by nobody.

use crate::diagnostic::{Diagnostic, Evidence, Rule};
use crate::policy::{Namespace, Policy};
use crate::source::Span;

pub(super) const RULE: Rule = Rule::warning(
    "unreachable-listener",
    "the program listens in a network namespace that nothing leads into",
)
.why(
    "A new network namespace has no interface but `lo`: a socket that the program binds in it is \
            reached from inside the sandbox alone, and pasta carries connections out, not in. The program \
            starts, says that it listens, and no client ever gets to it.\n\n\
            Let a service manager open the socket (`keep_fds = [\"listen\"]`, and no port to bind), give \
            the namespace an interface with `[[network.interfaces]]`, or write `namespaces.network = \
            \"host\"`. Accept the finding if the sandbox talks to itself.",
);

/// What arguments have in them that name an address to listen on.
const ADDRESSES: [&str; 2] = ["0.0.0.0", "[::]"];

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let empty = policy.namespaces.network.value == Namespace::New && policy.interfaces.is_empty();
    let (Some((span, what, evidence)), true) = (listens(policy), empty) else { return Vec::new() };
    let label = match (&policy.pasta, &policy.loopback) {
        (Some(_), _) => "pasta carries connections out, and none in",
        (None, Some(_)) => "only processes of this sandbox can connect to it",
        (None, None) => "the namespace has no interface that is up",
    };
    let help = match policy.process.listen {
        Some(_) => {
            "with socket activation the program binds nothing: remove it; or write `namespaces.network = \"host\"`"
        }
        None => {
            "add `[[network.interfaces]]`, take the socket of a service manager with `keep_fds = [\"listen\"]`, or write `namespaces.network = \"host\"`"
        }
    };
    vec![
        RULE.at(span, format!("{what}, in a network namespace of its own that nothing leads into"))
            .label(label)
            .evidence(evidence)
            .help(help),
    ]
}

/// Where the spec says that the program listens.
fn listens(policy: &Policy) -> Option<(Span, String, Vec<Evidence>)> {
    if let Some(ports) = &policy.bind_tcp
        && let Some(port) = ports.value.first()
    {
        let evidence = ports.value.iter().map(|&port| Evidence::number("port", port)).collect();
        return Some((ports.span, format!("the program is to bind port {port}"), evidence));
    }
    // Of an activated socket the arguments may say the address too.
    let args = policy.process.args.iter().skip(1).filter(|_| policy.process.listen.is_none());
    let names = |text: &str| ADDRESSES.iter().any(|address| text.contains(address));
    let arg = args.into_iter().find(|arg| names(&arg.value))?;
    let evidence = vec![Evidence::text("argument", &arg.value)];
    Some((arg.span, "the program is told to listen on every address".to_owned(), evidence))
}
