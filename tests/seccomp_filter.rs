//! The filter compiler against public profiles, libseccomp's vectors, seccompiler, an interpreter and planted faults.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should stop, says what it did not compare, and cuts random numbers to size"
)]

#[path = "seccomp/interpreter.rs"]
mod interpreter;
#[path = "seccomp/profiles.rs"]
mod profiles;
#[path = "seccomp/random.rs"]
mod random;

use boxwright::seccomp::diagram::Diagram;
use boxwright::seccomp::evaluate::{Invalid, evaluate};
use boxwright::seccomp::proof::Unproven;
use boxwright::seccomp::rule::{Condition, Filter, Operator, Rule, Table, Width};
use boxwright::seccomp::second_opinion::NoOpinion;
use boxwright::seccomp::verdict::Verdict;
use boxwright::seccomp::word::{Input, WORDS, Word};
use boxwright::seccomp::{Architecture, Error, Instruction, Proven, compile_filter, prove, second_opinion};
use random::{Choose, Random, expected, random_filter};
use std::collections::BTreeMap;
use std::path::PathBuf;

const X86_64: u32 = 0xC000_003E;

fn corpora(what: &str) -> Option<PathBuf> {
    let found = profiles::corpora();
    if found.is_none() {
        eprintln!("NOT COMPARED: ../shared/corpora is absent, so {what} were not checked");
    }
    found
}

fn input(arch: u32, number: u32, arguments: [u64; 6]) -> Input {
    let mut input = [0; WORDS];
    input[Word::ARCH.index()] = arch;
    input[Word::NR.index()] = number;
    for (index, value) in arguments.into_iter().enumerate() {
        let argument = profiles::argument(index as u64);
        input[Word::argument_high(argument).index()] = (value >> 32) as u32;
        input[Word::argument_low(argument).index()] = value as u32;
    }
    input
}

/// Policies whose rules overlap with different verdicts: libseccomp decides by an order of its own, we refuse them.
const AMBIGUOUS: [&str; 1] = ["43-sim-a2_order"];

#[test]
fn libseccomp_vectors_hold() {
    let Some(corpora) = corpora("libseccomp's vectors") else { return };
    let mut files: Vec<_> = std::fs::read_dir(corpora.join("libseccomp-vectors"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert!(files.len() > 30, "{} policies", files.len());
    let mut cases = 0;
    for path in files {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let compiled = compile_filter(&profiles::libseccomp(&profiles::read_json(&path)));
        if AMBIGUOUS.contains(&name) {
            let Err(Error::Contradiction(found)) = compiled else { panic!("{name} compiles") };
            assert_ne!(found.verdicts.0, found.verdicts.1, "{name}");
            continue;
        }
        let Proven { program, meaning, diagram, .. } =
            compiled.unwrap_or_else(|error| panic!("{name}: {error}"));
        for line in std::fs::read_to_string(path.with_extension("txt")).unwrap().lines() {
            let numbers: Vec<u64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
            let [number, arguments @ .., expected] = numbers.as_slice() else { panic!("{name}: {line}") };
            let input = input(X86_64, *number as u32, arguments.try_into().unwrap());
            assert_eq!(u64::from(interpreter::run(&program, &input)), *expected, "{name}: {line}");
            assert_eq!(u64::from(diagram.evaluate(meaning, &input).0), *expected, "{name}: {line}");
            cases += 1;
        }
    }
    assert!(cases > 5000, "{cases} cases");
}

/// Profiles, and the instructions and longest paths that they may take at most.
fn public_profiles() -> Option<Vec<(&'static str, Filter, usize, usize)>> {
    let corpora = corpora("public profiles")?;
    let read = |name: &str| profiles::read_json(&corpora.join(name));
    let docker = read("oci-seccomp/moby-default.json");
    let firecracker = read("firecracker/x86_64-unknown-linux-musl.json");
    Some(vec![
        ("Docker", profiles::oci(&docker), 71, 16),
        ("Podman", profiles::oci(&read("oci-seccomp/podman-default.json")), 67, 16),
        ("Firecracker vmm", profiles::firecracker(&firecracker["vmm"]), 136, 20),
        ("Firecracker vcpu", profiles::firecracker(&firecracker["vcpu"]), 89, 17),
        ("Firecracker api", profiles::firecracker(&firecracker["api"]), 69, 15),
        ("Docker for three architectures", profiles::oci_three_architectures(&docker), 247, 18),
        ("Chrome", profiles::oci(&read("oci-seccomp/chrome.json")), 40, 12),
        ("runc's test", profiles::oci(&read("oci-seccomp/runc-test1.json")), 90, 16),
    ])
}

#[test]
fn public_profiles_are_proven_small_and_flat() {
    for (name, filter, instructions, longest_path) in public_profiles().into_iter().flatten() {
        let proof = compile_filter(&filter).unwrap_or_else(|error| panic!("{name}: {error}")).proof;
        assert!(proof.instructions <= instructions, "{name}: {proof:?}");
        assert!(proof.longest_path <= longest_path, "{name}: {proof:?}");
        assert!(proof.cacheable > 10, "{name}: {proof:?}");
    }
}

#[test]
fn seccompiler_agrees_on_public_profiles() {
    for (name, filter, ..) in public_profiles().into_iter().flatten() {
        let Proven { program, mut diagram, .. } = compile_filter(&filter).unwrap();
        match second_opinion(&filter, &mut diagram) {
            Ok(opinion) => assert!(prove(&program, opinion, &mut diagram).is_ok(), "{name}"),
            Err(error) => {
                assert!(matches!(error, NoOpinion::Inexpressible(_)), "{name}: {error:?}");
                assert_eq!(name, "Docker for three architectures");
            }
        }
    }
}

#[test]
fn both_checks_report_a_planted_wrong_instruction() {
    let random = &mut Random(7);
    let (program, meaning, opinion, mut diagram) = (0..20)
        .find_map(|_| {
            let filter = random_filter(random);
            let Proven { program, meaning, mut diagram, .. } = compile_filter(&filter).unwrap();
            let opinion = second_opinion(&filter, &mut diagram).ok()?;
            (program.len() > 30).then_some((program, meaning, opinion, diagram))
        })
        .unwrap();
    let (mut reported, mut harmless) = (0, 0);
    for index in 0..program.len() {
        for change in [
            |instruction: &mut Instruction| instruction.k ^= 1,
            |instruction: &mut Instruction| std::mem::swap(&mut instruction.jt, &mut instruction.jf),
            |instruction: &mut Instruction| instruction.code ^= 0x30,
        ] {
            let mut wrong = program.clone();
            change(&mut wrong[index]);
            if wrong == program {
                continue;
            }
            let by_rules = prove(&wrong, meaning, &mut diagram).map(|_| ());
            let by_seccompiler = prove(&wrong, opinion, &mut diagram).map(|_| ());
            assert_eq!(by_rules, by_seccompiler, "{index}");
            match by_rules {
                Err(Unproven::Differs { witness, expected, found }) => {
                    assert_eq!(interpreter::run(&program, &witness), expected.0);
                    assert_eq!(interpreter::run(&wrong, &witness), found.0);
                    reported += 1;
                }
                Err(_) => reported += 1,
                // A comparison that other ones before it make as good as the right one.
                Ok(()) => harmless += 1,
            }
        }
    }
    assert!(reported > program.len() && harmless < reported / 10, "{reported} and {harmless}");
}

#[test]
fn seccompiler_agrees_on_random_policies() {
    let (random, mut compared) = (&mut Random(0x5EED), 0);
    for round in 0..300 {
        let filter = random_filter(random);
        let Proven { program, meaning, mut diagram, .. } =
            compile_filter(&filter).unwrap_or_else(|error| panic!("{round}: {error}\n{filter:?}"));
        match second_opinion(&filter, &mut diagram) {
            Ok(opinion) => {
                assert_eq!(diagram.difference(meaning, opinion), None, "{round}: {filter:?}");
                compared += 1;
            }
            Err(error) => assert!(matches!(error, NoOpinion::Inexpressible(_)), "{round}: {error:?}"),
        }
        for _ in 0..50 {
            let arch = if random.below(8) == 0 { 0x4000_0003 } else { X86_64 };
            let input = input(arch, random.below(8) as u32, std::array::from_fn(|_| random.value()));
            let verdict = interpreter::run(&program, &input);
            assert_eq!(verdict, diagram.evaluate(meaning, &input).0, "{round}");
            assert_eq!(verdict, expected(&filter, &input).0, "{round}");
        }
    }
    // It cannot order 16-bit parameters.
    assert!(compared > 150, "{compared}");
}

#[test]
fn the_meaning_of_any_program_is_what_it_does() {
    let random = &mut Random(0xBDD);
    let mut evaluated = 0;
    for round in 0..2000 {
        let length = 2 + random.below(14) as usize;
        let program: Vec<_> =
            (0..length).map(|index| random_instruction(random, length - 1 - index)).collect();
        let mut diagram = Diagram::default();
        let Ok(meaning) = evaluate(&program, &mut diagram) else { continue };
        evaluated += 1;
        for _ in 0..20 {
            let arguments = std::array::from_fn(|_| random.value());
            let input = input(X86_64, random.below(8) as u32, arguments);
            let verdict = diagram.evaluate(meaning, &input).0;
            assert_eq!(verdict, interpreter::run(&program, &input), "{round}: {program:?} {input:x?}");
        }
    }
    assert!(evaluated > 1500, "{evaluated}");
}

fn random_instruction(random: &mut Random, after: usize) -> Instruction {
    let k = random.value() as u32;
    let mut skip = || random.below(after.max(1) as u64) as u8;
    let (jt, jf) = (skip(), skip());
    let words = [0, 4, 16, 20, 24, 28];
    match random.below(if after == 0 { 1 } else { 10 }) {
        0 => Instruction::new(0x06, random.below(4) as u32 * 0x1_0000),
        1 | 2 => Instruction::new(0x20, words[random.below(6) as usize]),
        3 => Instruction::new(0x00, k),
        4 => Instruction::new(0x54, k),
        5 => Instruction::new(0x05, jt.into()),
        other => Instruction::branch([0x15, 0x25, 0x35, 0x45][other as usize - 6], k, jt, jf),
    }
}

fn one_rule(conditions: Vec<Condition>) -> Filter {
    let rule = Rule { number: 1, conditions, verdict: Verdict::ALLOW, layer: 0, origin: 0 };
    let table = Table { fallbacks: BTreeMap::from([(0, Verdict::errno(1))]), rules: vec![rule] };
    Filter { tables: BTreeMap::from([(X86_64, table)]), foreign: Verdict::KILL_PROCESS }
}

#[test]
fn a_long_program_reaches_its_verdicts() {
    let values = (0..3000).map(|index| index * 0x1_0001).collect();
    let argument = profiles::argument(1);
    let filter =
        one_rule(vec![Condition { argument, width: Width::Bits32, operator: Operator::OneOf(values) }]);
    let Proven { program, proof, .. } = compile_filter(&filter).unwrap();
    assert!(proof.instructions > 3000 && proof.longest_path < 40, "{proof:?}");
    for value in [0, 1, 0x1_0001, 0x1_0002, 2999 * 0x1_0001, 3000 * 0x1_0001] {
        let expected =
            if value % 0x1_0001 == 0 && value < 3000 * 0x1_0001 { Verdict::ALLOW } else { Verdict::errno(1) };
        let high_bits_do_not_matter = input(X86_64, 1, [0, value | 5 << 32, 0, 0, 0, 0]);
        assert_eq!(interpreter::run(&program, &high_bits_do_not_matter), expected.0, "{value:#x}");
    }
}

#[test]
fn what_is_too_large_is_an_error() {
    let too_many = (0..5000).map(|index| index * index * 7).collect();
    let argument = profiles::argument(0);
    let filter =
        one_rule(vec![Condition { argument, width: Width::Bits64, operator: Operator::OneOf(too_many) }]);
    assert_eq!(compile_filter(&filter).err(), Some(Error::TooLong));
    // Bit i of one argument and bit i of the next: the meaning doubles with each.
    let mut filter = one_rule(vec![]);
    let table = filter.tables.get_mut(&X86_64).unwrap();
    table.rules = (0..24)
        .map(|bit| {
            let mask = 1 << bit;
            let operator = Operator::MaskedEqual { mask, value: mask };
            let both = [0, 1].map(|index| Condition {
                argument: profiles::argument(index),
                width: Width::Bits32,
                operator: operator.clone(),
            });
            Rule { number: 1, conditions: both.into(), verdict: Verdict::ALLOW, layer: 0, origin: bit }
        })
        .collect();
    assert_eq!(compile_filter(&filter).err(), Some(Error::OverBudget));
}

#[test]
fn entangled_rules_are_written_in_their_order() {
    let mut filter = one_rule(vec![]);
    filter.tables.get_mut(&X86_64).unwrap().rules = (0..10)
        .map(|bit| {
            let operator = Operator::MaskedEqual { mask: 1 << bit, value: 1 << bit };
            let both = [0, 1].map(|index| Condition {
                argument: profiles::argument(index),
                width: Width::Bits32,
                operator: operator.clone(),
            });
            Rule { number: 1, conditions: both.into(), verdict: Verdict::ALLOW, layer: 0, origin: bit }
        })
        .collect();
    let proof = compile_filter(&filter).unwrap().proof;
    assert!(proof.instructions < 80 && proof.nodes > 2000, "{proof:?}");
}

#[test]
fn contradictions_are_named_with_a_witness() {
    let mut filter = one_rule(vec![Condition {
        argument: profiles::argument(0),
        width: Width::Bits64,
        operator: Operator::Greater(0xFFFF_FFFF),
    }]);
    let rules = &mut filter.tables.get_mut(&X86_64).unwrap().rules;
    let condition = Condition {
        argument: profiles::argument(0),
        width: Width::Bits64,
        operator: Operator::Equal(0x1_0000_0007),
    };
    rules.push(Rule {
        conditions: vec![condition],
        verdict: Verdict::errno(13),
        origin: 9,
        ..rules[0].clone()
    });
    let Err(Error::Contradiction(found)) = compile_filter(&filter) else { panic!("it compiles") };
    assert_eq!(found.origins, (0, 9));
    assert_eq!(found.verdicts, (Verdict::ALLOW, Verdict::errno(13)));
    assert_eq!(found.witness, input(X86_64, 1, [0x1_0000_0007, 0, 0, 0, 0, 0]));
    // In another layer the kernel's precedence decides.
    filter.tables.get_mut(&X86_64).unwrap().rules[1].layer = 1;
    let Proven { program, .. } = compile_filter(&filter).unwrap();
    assert_eq!(interpreter::run(&program, &found.witness), Verdict::errno(13).0);
}

#[test]
fn programs_that_the_kernel_refuses_have_no_meaning() {
    let returns = Instruction::new(0x06, 0);
    let refused: [&[Instruction]; 7] = [
        &[],
        &[Instruction::new(0x20, 0)],
        &[Instruction::new(0x20, 2), returns],
        &[Instruction::new(0x20, 64), returns],
        &[Instruction::branch(0x15, 0, 1, 0), returns],
        &[Instruction::new(0x05, u32::MAX), returns],
        &[Instruction::new(0x16, 0)],
    ];
    for program in refused {
        let found = evaluate(program, &mut Diagram::default());
        assert!(matches!(found, Err(Invalid::Instruction { .. })), "{program:?}: {found:?}");
    }
    assert!(evaluate(&[returns; 4097], &mut Diagram::default()).is_err());
    assert!(evaluate(&[Instruction::new(0x05, 1), returns, returns], &mut Diagram::default()).is_ok());
}

#[test]
fn filters_for_all_architectures_are_proven() {
    let table =
        |architecture: Architecture| {
            let rules =
                architecture.syscalls().iter().filter(|(name, _)| name.len() % 2 == 0).map(|&(_, number)| {
                    Rule { number, conditions: vec![], verdict: Verdict::ALLOW, layer: 0, origin: 0 }
                });
            Table { fallbacks: BTreeMap::from([(0, Verdict::errno(1))]), rules: rules.collect() }
        };
    let tables = Architecture::ALL.into_iter().map(|one| (one.audit(), table(one))).collect();
    let filter = Filter { tables, foreign: Verdict::KILL_PROCESS };
    let Proven { proof, .. } = compile_filter(&filter).unwrap();
    assert_eq!(proof.cacheable, filter.tables.values().map(|table| table.rules.len()).sum::<usize>());
}
