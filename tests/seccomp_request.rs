//! What a spec can ask of a filter: lists, rules on typed parameters, explanations and the disassembly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on should stop, and says what it did not compare"
)]

#[path = "seccomp/interpreter.rs"]
mod interpreter;

use boxwright::seccomp::cookie::PLACEHOLDER;
use boxwright::seccomp::request::{Asked, Listed, NO_ORIGIN, Problem, Request, Source};
use boxwright::seccomp::rule::{Operator, Width};
use boxwright::seccomp::verdict::Verdict;
use boxwright::seccomp::word::{Argument, Input, WORDS, Word};
use boxwright::seccomp::{
    Architecture, Error, Proven, compile_filter, compile_request, constant, disassemble, explain, group,
    implied, prove, second_opinion,
};
use std::collections::BTreeSet;

const EPERM: Verdict = Verdict::errno(1);

fn request(listed: &[(&'static str, Verdict)], rules: Vec<Asked>) -> Request {
    let listed = listed.iter().enumerate();
    Request {
        architectures: BTreeSet::from([Architecture::X86_64]),
        default: EPERM,
        listed: listed.map(|(origin, &(name, verdict))| Listed { name, verdict, origin }).collect(),
        rules,
        exec_once: None,
    }
}

fn rule(name: &'static str, conditions: Vec<(u8, Operator)>, verdict: Verdict, origin: usize) -> Asked {
    Asked { name, conditions, verdict, source: Source::Stated, origin }
}

fn call(architecture: Architecture, number: u32, arguments: &[u64]) -> Input {
    let mut input = [0; WORDS];
    input[Word::ARCH.index()] = architecture.audit();
    input[Word::NR.index()] = number;
    for (index, value) in (0_u8..).zip(arguments) {
        let argument = Argument::new(index).unwrap();
        input[Word::argument_high(argument).index()] = u32::try_from(value >> 32).unwrap();
        input[Word::argument_low(argument).index()] = u32::try_from(value & 0xFFFF_FFFF).unwrap();
    }
    input
}

fn verdict(proven: &Proven, name: &str, arguments: &[u64]) -> Verdict {
    let number = Architecture::X86_64.syscall_number(name).unwrap();
    Verdict(interpreter::run(&proven.program, &call(Architecture::X86_64, number, arguments)))
}

fn compiled(request: &Request) -> Proven {
    compile_filter(&request.filter()).unwrap_or_else(|error| panic!("{error}"))
}

fn masked(name: &str) -> Operator {
    Operator::MaskedEqual { mask: constant(name).unwrap(), value: 0 }
}

#[test]
fn the_kernels_precedence_joins_lists() {
    let proven = compiled(&request(
        &[
            ("read", Verdict::ALLOW),
            ("write", Verdict::ALLOW),
            ("write", Verdict::LOG),
            ("read", Verdict::KILL_PROCESS),
        ],
        vec![],
    ));
    assert_eq!(verdict(&proven, "write", &[]), Verdict::LOG);
    assert_eq!(verdict(&proven, "read", &[]), Verdict::KILL_PROCESS);
    assert_eq!(verdict(&proven, "open", &[]), EPERM);
}

#[test]
fn unknown_calls_answer_enosys_and_x32_and_foreign_ones_die() {
    for default in [EPERM, Verdict::ALLOW, Verdict::KILL_PROCESS] {
        let proven = compiled(&Request { default, ..request(&[("read", Verdict::ALLOW)], vec![]) });
        let run = |architecture, number| {
            Verdict(interpreter::run(&proven.program, &call(architecture, number, &[])))
        };
        for unknown in [337, 423, 472, 0x3FFF_FFFF] {
            assert_eq!(run(Architecture::X86_64, unknown), Verdict::ENOSYS, "{unknown}");
        }
        assert_eq!(run(Architecture::X86_64, 471), default);
        assert_eq!(run(Architecture::X86_64, 0x4000_0000), Verdict::KILL_PROCESS);
        assert_eq!(run(Architecture::I386, 3), Verdict::KILL_PROCESS);
    }
}

#[test]
fn an_allowing_rule_narrows_a_list() {
    let no_new_users = rule("clone", vec![(0, masked("CLONE_NEWUSER"))], Verdict::ALLOW, 7);
    let everything = ["clone", "clone3", "read"].map(|name| (name, Verdict::ALLOW));
    let proven = compiled(&request(&everything, vec![no_new_users]));
    let user = constant("CLONE_NEWUSER").unwrap();
    assert_eq!(verdict(&proven, "clone", &[17]), Verdict::ALLOW);
    assert_eq!(verdict(&proven, "clone", &[17 | user]), EPERM);
    assert_eq!(verdict(&proven, "clone", &[17 | 1 << 40]), Verdict::ALLOW, "the kernel reads 32 bits");
    assert_eq!(verdict(&proven, "clone3", &[]), Verdict::ENOSYS, "its flags are in memory");
    assert_eq!(verdict(&proven, "read", &[]), Verdict::ALLOW);
}

#[test]
fn clone3_falls_back_on_clone() {
    let of = |lists: &[(&'static str, Verdict)]| verdict(&compiled(&request(lists, vec![])), "clone3", &[]);
    assert_eq!(of(&[("clone", Verdict::ALLOW)]), Verdict::ENOSYS);
    assert_eq!(of(&[("clone", Verdict::ALLOW), ("clone3", Verdict::ALLOW)]), Verdict::ALLOW);
    assert_eq!(of(&[("read", Verdict::ALLOW)]), EPERM);
}

#[test]
fn high_bits_of_a_32_bit_parameter_do_not_slip_past_a_denial() {
    let push = Operator::Equal(constant("TIOCSTI").unwrap());
    let denied = Asked { source: Source::Implied, ..rule("ioctl", vec![(1, push)], EPERM, 3) };
    let proven = compiled(&request(&[("ioctl", Verdict::ALLOW)], vec![denied]));
    for high in [0, 1, 0x8000_0000, 0xFFFF_FFFF] {
        assert_eq!(verdict(&proven, "ioctl", &[0, 0x5412 | high << 32]), EPERM);
        assert_eq!(verdict(&proven, "ioctl", &[0, 0x5413 | high << 32]), Verdict::ALLOW);
    }
    // A mode has 16 bits.
    let set_uid = rule("fchmod", vec![(1, Operator::Equal(0o4755))], Verdict::KILL_PROCESS, 0);
    let proven = compiled(&request(&[("fchmod", Verdict::ALLOW)], vec![set_uid]));
    assert_eq!(verdict(&proven, "fchmod", &[3, 0o4755 | 1 << 16]), Verdict::KILL_PROCESS);
    assert_eq!(verdict(&proven, "fchmod", &[3, 0o755 | 1 << 16]), Verdict::ALLOW);
}

#[test]
fn stated_rules_that_contradict_each_other_are_refused_and_implied_ones_are_not() {
    let netlink = || vec![(0, Operator::Equal(16))];
    let rules = |source| {
        let other = vec![(0, Operator::LessOrEqual(16))];
        vec![
            rule("socket", netlink(), Verdict::ALLOW, 0),
            Asked { source, ..rule("socket", other, EPERM, 1) },
        ]
    };
    let Err(Error::Contradiction(found)) = compile_filter(&request(&[], rules(Source::Stated)).filter())
    else {
        panic!("a contradiction compiles");
    };
    assert_eq!((found.origins, found.witness[Word::NR.index()]), ((0, 1), 41));
    assert_eq!(found.witness[Word::argument_low(Argument::new(0).unwrap()).index()], 16);
    let proven = compiled(&request(&[], rules(Source::Implied)));
    assert_eq!(verdict(&proven, "socket", &[16]), EPERM);
}

#[test]
fn conditions_that_cannot_be_meant_are_named() {
    let problem = |name, index, operator| {
        let problems = rule(name, vec![(index, operator)], Verdict::ALLOW, 0).problems(Architecture::X86_64);
        problems.first().map(|&(at, problem)| {
            assert_eq!(at, 0);
            problem
        })
    };
    assert_eq!(problem("socket", 0, Operator::Equal(1)), None);
    assert_eq!(problem("socket", 3, Operator::Equal(1)), Some(Problem::NoSuchParameter { count: 3 }));
    assert_eq!(problem("getpid", 0, Operator::Equal(1)), Some(Problem::NoSuchParameter { count: 0 }));
    assert_eq!(problem("epoll_ctl_old", 0, Operator::Equal(1)), Some(Problem::UnknownParameters));
    let wide = Problem::TooWide { value: 1 << 32, width: Width::Bits32 };
    assert_eq!(problem("socket", 0, Operator::OneOf(vec![1, 1 << 32])), Some(wide));
    assert_eq!(problem("mmap", 2, Operator::Equal(1 << 32)), None);
    let outside = Operator::MaskedEqual { mask: 6, value: 1 };
    assert_eq!(problem("socket", 1, outside), Some(Problem::OutsideOfMask { mask: 6, value: 1 }));
    assert_eq!(problem("socket", 1, Operator::MaskedEqual { mask: 0, value: 0 }), Some(Problem::EmptyMask));
    assert_eq!(problem("socket", 1, Operator::OneOf(vec![])), Some(Problem::EmptyList));
    assert_eq!(problem("socket", 1, Operator::Less(0)), Some(Problem::NeverHolds));
    assert_eq!(problem("socket", 1, Operator::LessOrEqual(0xFFFF_FFFF)), Some(Problem::AlwaysHolds));
    let offset = rule("pread64", vec![(3, Operator::Equal(0))], Verdict::ALLOW, 0);
    assert_eq!(offset.problems(Architecture::X86_64), []);
    let two_registers = (0, Problem::NoSuchParameter { count: 3 });
    assert_eq!(offset.problems(Architecture::I386), [two_registers]);
    // Whatever is wrong, nothing is allowed by it.
    let proven =
        compiled(&request(&[], vec![rule("getpid", vec![(0, Operator::Equal(0))], Verdict::ALLOW, 0)]));
    assert_eq!(verdict(&proven, "getpid", &[]), EPERM);
    let denied = rule("getpid", vec![(0, Operator::Equal(7))], Verdict::TRAP, 0);
    let proven = compiled(&request(&[("getpid", Verdict::ALLOW)], vec![denied]));
    assert_eq!(verdict(&proven, "getpid", &[]), Verdict::TRAP);
}

#[test]
fn values_wider_than_a_register_mean_what_they_say() {
    let wide = 1 << 40 | 7;
    let both = Operator::MaskedEqual { mask: u64::MAX, value: wide };
    let operators = [
        (Operator::Equal(wide), false),
        (Operator::NotEqual(wide), true),
        (Operator::Less(wide), true),
        (Operator::LessOrEqual(wide), true),
        (Operator::Greater(wide), false),
        (Operator::GreaterOrEqual(wide), false),
        (Operator::OneOf(vec![wide]), false),
        (Operator::OneOf(vec![wide, 7]), true),
        (both, false),
    ];
    for (operator, matches) in operators {
        // Entangled with other arguments, so that the rules themselves are written, too.
        let other = Operator::MaskedEqual { mask: 0x5555, value: 0x1111 };
        let conditions = vec![(1, operator.clone()), (2, other.clone()), (0, other)];
        let mut request = request(&[], vec![rule("mmap2", conditions, Verdict::ALLOW, 0)]);
        request.architectures = [Architecture::I386].into();
        let proven = compiled(&request);
        let input = call(Architecture::I386, 192, &[0x1111, 7, 0x1111]);
        let expected = if matches { Verdict::ALLOW } else { EPERM };
        assert_eq!(interpreter::run(&proven.program, &input), expected.0, "{operator:?}");
    }
}

#[test]
fn explanations_name_the_rule() {
    let alg = rule("socket", vec![(0, Operator::Equal(38))], Verdict::errno(97), 5);
    let request = request(&[("socket", Verdict::ALLOW), ("clone", Verdict::ALLOW)], vec![alg]);
    let filter = request.filter();
    let Proven { meaning, mut diagram, .. } = compile_filter(&filter).unwrap();
    let mut ask = |number: u32, family: Option<u32>| {
        let mut known = [None; WORDS];
        known[Word::ARCH.index()] = Some(Architecture::X86_64.audit());
        known[Word::NR.index()] = Some(number);
        known[Word::argument_low(Argument::new(0).unwrap()).index()] = family;
        let answers = explain(&filter, meaning, &known, &mut diagram).unwrap();
        let found =
            answers.into_iter().map(|(_, answer)| (answer.verdict, answer.rule.map(|rule| rule.origin)));
        found.collect::<Vec<_>>()
    };
    assert_eq!(ask(41, Some(38)), [(Verdict::errno(97), Some(5))]);
    assert_eq!(ask(41, Some(2)), [(Verdict::ALLOW, Some(0))]);
    assert_eq!(ask(41, None), [(Verdict::errno(97), Some(5)), (Verdict::ALLOW, Some(0))]);
    assert_eq!(ask(2, None), [(EPERM, None)]);
    assert_eq!(ask(435, None), [(Verdict::ENOSYS, Some(NO_ORIGIN))]);
}

#[test]
fn implied_rules_hold_against_whatever_is_listed() {
    let listed = ["socket", "socketpair", "ioctl", "io_uring_setup"].map(|name| (name, Verdict::ALLOW));
    let mut rules = implied::address_families(&[1, 10], 3);
    rules.extend(implied::shared_terminal(4));
    rules.push(rule("socket", vec![(0, Operator::OneOf(vec![2, 10]))], Verdict::ALLOW, 5));
    let mut request = request(&listed, rules);
    request.architectures.insert(Architecture::I386);
    let proven = compiled(&request);
    let unsupported = Verdict::errno(97);
    assert_eq!(verdict(&proven, "socket", &[10]), Verdict::ALLOW);
    assert_eq!(verdict(&proven, "socket", &[1]), EPERM, "the stated rule narrows");
    assert_eq!(verdict(&proven, "socket", &[2]), unsupported);
    assert_eq!(verdict(&proven, "socket", &[2 | 1 << 32]), unsupported);
    assert_eq!(verdict(&proven, "socketpair", &[1]), Verdict::ALLOW);
    assert_eq!(verdict(&proven, "socketpair", &[16]), unsupported);
    assert_eq!(verdict(&proven, "io_uring_setup", &[]), Verdict::ENOSYS);
    assert_eq!(verdict(&proven, "ioctl", &[0, 0x541C]), EPERM);
    assert_eq!(verdict(&proven, "ioctl", &[0, 0x5401]), Verdict::ALLOW);
    let socketcall = call(Architecture::I386, 102, &[1]);
    assert_eq!(interpreter::run(&proven.program, &socketcall), Verdict::ENOSYS.0);

    request.rules = implied::families_of_the_host(3);
    let proven = compiled(&request);
    for (family, answer) in
        [(1, Verdict::ALLOW), (40, unsupported), (40 | 1 << 32, unsupported), (42, unsupported)]
    {
        assert_eq!(verdict(&proven, "socket", &[family]), answer, "{family}");
    }
    assert_eq!(interpreter::run(&proven.program, &socketcall), Verdict::ENOSYS.0);
    assert_eq!(verdict(&proven, "io_uring_setup", &[]), Verdict::ALLOW, "who names it has it");
}

#[test]
fn only_the_execve_with_the_cookie_passes() {
    let words = |words: [u32; 6]| {
        let long = |index: usize| u64::from(words[index]) << 32 | u64::from(words[index + 1]);
        [1, 2, 3, long(0), long(2), long(4)]
    };
    let drawn = [7, 0, 0xFFFF_FFFF, 7, 0x8000_0000, 1];
    let anything = rule("execve", vec![], Verdict::ALLOW, 9);
    for default in [EPERM, Verdict::ALLOW, Verdict::KILL_PROCESS] {
        let listed = [("execve", Verdict::ALLOW), ("execveat", Verdict::ALLOW), ("read", Verdict::ALLOW)];
        let mut request = request(&listed, vec![anything.clone()]);
        (request.default, request.exec_once) = (default, Some(0));
        request.architectures.insert(Architecture::I386);
        let (mut proven, marks) = compile_request(&request).unwrap();
        assert_eq!(verdict(&proven, "execve", &words(PLACEHOLDER)), Verdict::ALLOW);
        for (mark, word) in marks.unwrap().into_iter().zip(drawn) {
            proven.program[mark].k = word;
        }
        let refusal = if default == Verdict::ALLOW { EPERM } else { default };
        assert_eq!(verdict(&proven, "execve", &words(drawn)), Verdict::ALLOW);
        for index in 0..6 {
            let mut guessed = drawn;
            guessed[index] ^= 1 << index;
            assert_eq!(verdict(&proven, "execve", &words(guessed)), refusal, "{index}");
        }
        assert_eq!(verdict(&proven, "execve", &[1, 2, 3]), refusal);
        assert_eq!(verdict(&proven, "execveat", &words(drawn)), refusal);
        assert_eq!(verdict(&proven, "read", &[]), Verdict::ALLOW);
        for number in [11, 358] {
            let input = call(Architecture::I386, number, &words(drawn));
            assert_eq!(interpreter::run(&proven.program, &input), refusal.0, "{number}");
        }
        assert_eq!(verdict(&proven, "exit", &[]), default, "the next number is not touched");
    }
}

#[test]
fn seccompiler_has_the_same_opinion_of_a_service() {
    let listed: Vec<_> =
        group("@system-service").unwrap().iter().map(|&name| (name, Verdict::ALLOW)).collect();
    let rules = vec![
        rule("clone", vec![(0, masked("CLONE_NEWUSER"))], Verdict::ALLOW, 0),
        rule("socket", vec![(0, Operator::OneOf(vec![1, 2, 10]))], Verdict::ALLOW, 1),
        rule("fchmod", vec![(1, Operator::MaskedEqual { mask: 0o6000, value: 0 })], Verdict::ALLOW, 2),
        rule("prctl", vec![(0, Operator::GreaterOrEqual(60))], Verdict::TRAP, 3),
    ];
    let mut request = request(&listed, rules);
    request.architectures = [Architecture::X86_64, Architecture::Aarch64, Architecture::Riscv64].into();
    let filter = request.filter();
    let Proven { program, mut diagram, proof, .. } = compile_filter(&filter).unwrap();
    let opinion = second_opinion(&filter, &mut diagram).unwrap();
    assert_eq!(prove(&program, opinion, &mut diagram), Ok(proof));
}

#[test]
fn all_architectures_together_are_proven() {
    let listed: Vec<_> = group("@minimal").unwrap().iter().map(|&name| (name, Verdict::ALLOW)).collect();
    let large = rule("mmap", vec![(1, Operator::Greater(1 << 40))], Verdict::errno(12), 0);
    let mut request = request(&listed, vec![large]);
    request.architectures = Architecture::ALL.into();
    let proof = compile_filter(&request.filter()).unwrap().proof;
    assert!(proof.instructions < 400 && proof.longest_path < 20 && proof.cacheable > 400, "{proof:?}");
}

#[test]
fn ten_thousand_rules_end() {
    let rules = (0..10_000)
        .map(|value| {
            rule(
                "ioctl",
                vec![(1, Operator::Equal(value * 97)), (2, Operator::Equal(value))],
                Verdict::ALLOW,
                0,
            )
        })
        .collect();
    let found = compile_filter(&request(&[], rules).filter()).err();
    assert!(matches!(found, Some(Error::TooLong | Error::OverBudget)), "{found:?}");
}

#[test]
fn the_disassembly_names_what_it_compares() {
    let stream = rule(
        "socket",
        vec![(0, Operator::Equal(1)), (1, Operator::MaskedEqual { mask: 15, value: 1 })],
        Verdict::ALLOW,
        0,
    );
    let mut request = request(&[("read", Verdict::ALLOW)], vec![stream]);
    request.default = Verdict::ENOSYS;
    let text = disassemble(&compiled(&request).program);
    let expected = "
   0: ld [4]                                     ; arch
   1: jeq 0xc000003e, 2, 13                      ; arch == x86_64
   2: ld [0]                                     ; nr
   3: jge 0x40000000, 13, 4                      ; nr >= 1073741824
   4: jeq 0x29, 6, 5                             ; nr == socket
   5: jeq 0x0, 12, 11                            ; nr == read
   6: ld [16]                                    ; arg0.low
   7: jeq 0x1, 8, 11                             ; arg0.low == 1
   8: ld [24]                                    ; arg1.low
   9: and 0xf
  10: jeq 0x1, 12, 11                            ; arg1.low == 1
  11: ret 0x50026                                ; errno ENOSYS
  12: ret 0x7fff0000                             ; allow
  13: ret 0x80000000                             ; kill_process
";
    assert_eq!(format!("\n{text}"), expected);
}
