//! Rules that a fuzzer chooses: the program that they compile to, their diagram and the rules by the book answer alike.
#![no_main]

#[path = "../../seccomp/interpreter.rs"]
mod interpreter;
#[path = "../../seccomp/random.rs"]
#[allow(dead_code, reason = "here the fuzzer's bytes choose, not a generator")]
mod random;

use boxwright::seccomp::word::{Argument, Input, WORDS, Word};
use boxwright::seccomp::{NoOpinion, Proven, compile_filter, second_opinion};
use libfuzzer_sys::fuzz_target;
use random::{Choose, expected, random_filter};

/// The fuzzer's bytes, one for each choice; past them the first is always chosen.
struct Chosen<'a>(&'a [u8]);

impl Choose for Chosen<'_> {
    fn next(&mut self) -> u64 {
        self.0.split_off_first().copied().unwrap_or_default().into()
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut chosen = Chosen(bytes);
    let filter = random_filter(&mut chosen);
    let Proven { program, meaning, mut diagram, .. } =
        compile_filter(&filter).expect("so few rules are compiled");
    match second_opinion(&filter, &mut diagram) {
        Ok(opinion) => assert_eq!(diagram.difference(meaning, opinion), None),
        Err(error) => assert!(matches!(error, NoOpinion::Inexpressible(_)), "{error:?}"),
    }
    for _ in 0..8 {
        let input = input(&mut chosen);
        let verdict = interpreter::run(&program, &input);
        assert_eq!(verdict, diagram.evaluate(meaning, &input).0, "{input:x?}");
        assert_eq!(verdict, expected(&filter, &input).0, "{input:x?}");
    }
});

fn input(chosen: &mut impl Choose) -> Input {
    let mut input = [0; WORDS];
    input[Word::ARCH.index()] = if chosen.below(8) == 1 { 0x4000_0003 } else { 0xC000_003E };
    input[Word::NR.index()] = chosen.below(8) as u32;
    for argument in (0..6).filter_map(Argument::new) {
        let value = chosen.value();
        input[Word::argument_high(argument).index()] = (value >> 32) as u32;
        input[Word::argument_low(argument).index()] = value as u32;
    }
    input
}
