//! What a rule wants of arguments: parameters by name or index, values by number or constant, as the kernel reads them.

use super::keep;
use super::rules::{INVALID_CONDITION, UNKNOWN_ARGUMENT, UNKNOWN_CONSTANT};
use crate::diagnostic::{Diagnostic, suggest};
use crate::policy::Operator;
use crate::seccomp::parameter::{parameters_on, width_on};
use crate::seccomp::request::{Problem, problem_of_values};
use crate::seccomp::rule::Width;
use crate::seccomp::{Architecture, Parameter, constant, constants, parameters};
use crate::source::{Span, Spanned};
use crate::spec::{Condition, Number};

/// A condition whose names are looked up, before it is applied to a system call.
pub(super) struct Wanted<'s> {
    written: &'s Spanned<Condition>,
    values: Vec<i128>,
    mask: Option<i128>,
}

/// A condition on one call: any of these operators on the argument, or all of them.
pub(super) enum Applied {
    /// All have to hold.
    All(u8, Vec<Operator>),
    /// One has to hold.
    Any(u8, Vec<Operator>),
}

impl<'s> Wanted<'s> {
    /// Looks the names of a condition up, and checks what does not depend on the system call.
    pub(super) fn new(written: &'s Spanned<Condition>, findings: &mut Vec<Diagnostic>) -> Option<Self> {
        let before = findings.len();
        let condition = &written.value;
        findings.extend(shape(condition, written.span));
        let values = condition.value.value.iter();
        let values = values.filter_map(|value| keep(number(value, findings.len()), findings)).collect();
        let mask = condition.mask.as_ref();
        let mask = mask.and_then(|mask| keep(number(mask, findings.len()), findings));
        (findings.len() == before).then_some(Self { written, values, mask })
    }

    /// The condition on a system call.
    pub(super) fn on(
        &self,
        syscall: &'static str,
        architectures: &[Architecture],
    ) -> Result<Applied, Diagnostic> {
        let (index, parameter) = self.parameter(syscall)?;
        let mut width = parameter.width;
        for &architecture in architectures {
            let Some(_) = architecture.syscall_number(syscall) else { continue };
            let whole = parameters_on(architecture, syscall).map_or(0, |parameters| parameters.len());
            if usize::from(index) >= whole {
                let name = architecture.name();
                return Err(self.invalid(format!(
                    "on {name} `{}` of `{syscall}` is in memory or in two registers",
                    parameter.name
                )));
            }
            width = width.min(width_on(architecture, width));
        }
        let operators = self.operators(width)?;
        let all =
            operators.iter().chain(self.list(width)?.iter()).find_map(|one| problem_of_values(one, width));
        if let Some(problem) = all {
            return Err(self.say(problem, syscall, &parameter));
        }
        Ok(match (self.written.value.op.value.as_str(), self.list(width)?) {
            (_, Some(one_of)) => Applied::All(index, vec![one_of]),
            ("masked_eq", None) => Applied::Any(index, operators),
            _ => Applied::All(index, operators),
        })
    }

    /// The list of values of `eq`.
    fn list(&self, width: Width) -> Result<Option<Operator>, Diagnostic> {
        if self.written.value.op.value != "eq" || !self.written.value.is_list {
            return Ok(None);
        }
        let values = self.values.iter().map(|&value| self.fit(value, width)).collect::<Result<_, _>>()?;
        Ok(Some(Operator::OneOf(values)))
    }

    /// One operator for each value.
    fn operators(&self, width: Width) -> Result<Vec<Operator>, Diagnostic> {
        let mask = self.mask.map_or(Ok(0), |mask| self.fit(mask, width))?;
        let operator = |value| match self.written.value.op.value.as_str() {
            "ne" => Operator::NotEqual(value),
            "lt" => Operator::Less(value),
            "le" => Operator::LessOrEqual(value),
            "gt" => Operator::Greater(value),
            "ge" => Operator::GreaterOrEqual(value),
            "masked_eq" => Operator::MaskedEqual { mask, value },
            _ => Operator::Equal(value),
        };
        self.values.iter().map(|&value| Ok(operator(self.fit(value, width)?))).collect()
    }

    /// Numbers below zero are what the kernel reads of them.
    fn fit(&self, value: i128, width: Width) -> Result<u64, Diagnostic> {
        let all = i128::from(width.mask());
        let ordered = matches!(self.written.value.op.value.as_str(), "lt" | "le" | "gt" | "ge");
        if value < 0 && ordered {
            return Err(self.invalid("numbers are compared without their sign".into()));
        }
        if value < -(all / 2) - 1 {
            return Err(
                self.invalid(format!("{value} has more bits than the {} that the kernel reads", bits(width)))
            );
        }
        let read = if value < 0 { value & all } else { value };
        u64::try_from(read).map_err(|_| self.invalid(format!("{value} is no 64-bit number")))
    }

    fn parameter(&self, syscall: &str) -> Result<(u8, Parameter), Diagnostic> {
        let condition = &self.written.value;
        let Some(known) = parameters(syscall) else {
            return Err(UNKNOWN_ARGUMENT
                .at(self.written.span, format!("the parameters of `{syscall}` are not known"))
                .help("a rule without `args` speaks of all its calls"));
        };
        let (found, span, written) = match (&condition.name, &condition.index) {
            (Some(name), _) => (
                known.iter().position(|parameter| parameter.name == name.value),
                name.span,
                format!("called `{}`", name.value),
            ),
            (None, Some(index)) => (
                usize::try_from(index.value).ok().filter(|index| *index < known.len()),
                index.span,
                format!("at index {}", index.value),
            ),
            (None, None) => (None, self.written.span, String::new()),
        };
        let place = found.and_then(|index| Some((u8::try_from(index).ok()?, *known.get(index)?)));
        place.ok_or_else(|| {
            let finding = UNKNOWN_ARGUMENT.at(span, format!("`{syscall}` has no argument {written}"));
            let names: Vec<&str> = known.iter().map(|parameter| parameter.name).collect();
            match names.is_empty() {
                true => finding.label("it has none at all"),
                false => finding.label(format!("it has {}", names.join(", "))),
            }
        })
    }

    fn say(&self, problem: Problem, syscall: &str, parameter: &Parameter) -> Diagnostic {
        let name = parameter.name;
        match problem {
            Problem::TooWide { value, width } => self
                .invalid(format!("{value:#x} has more bits than the kernel reads of `{name}`"))
                .label(format!("of {syscall}'s `{name}` the lower {} bits count", bits(width))),
            Problem::OutsideOfMask { mask, value } => self
                .invalid(format!("{value:#x} has bits that the mask {mask:#x} takes away"))
                .label("this can never hold"),
            Problem::EmptyMask => self.invalid("the mask is 0".into()).label("no bit is compared"),
            Problem::EmptyList => {
                self.invalid("there is no value in the list".into()).label("this can never hold")
            }
            Problem::NeverHolds => {
                self.invalid(format!("no `{name}` is like this")).label("this can never hold")
            }
            Problem::AlwaysHolds => {
                self.invalid(format!("every `{name}` is like this")).label("this holds for every call")
            }
            Problem::UnknownParameters | Problem::NoSuchParameter { .. } => {
                self.invalid(format!("`{syscall}` has no such argument"))
            }
        }
    }

    fn invalid(&self, message: String) -> Diagnostic {
        INVALID_CONDITION.at(self.written.value.value.span, message)
    }
}

fn bits(width: Width) -> u32 {
    width.mask().count_ones()
}

/// Which keys stand together.
fn shape(condition: &Condition, span: Span) -> Option<Diagnostic> {
    let masked = condition.op.value == "masked_eq";
    let lists = ["eq", "ne", "masked_eq"].contains(&condition.op.value.as_str());
    match (&condition.name, &condition.index, &condition.mask) {
        (Some(name), Some(index), _) => Some(
            UNKNOWN_ARGUMENT
                .at(index.span, "the argument is named twice, by `name` and by `index`")
                .and(name.span, "by name")
                .help("keep one of them"),
        ),
        (None, None, _) => Some(
            UNKNOWN_ARGUMENT
                .at(span, "the condition does not say which argument it is about")
                .help("add `name = \"...\"`, the parameter's name, or `index`, its place from 0"),
        ),
        (_, _, None) if masked => Some(
            INVALID_CONDITION
                .at(condition.op.span, "`masked_eq` has no mask")
                .help("add `mask`, the bits that are compared with `value`"),
        ),
        (_, _, Some(mask)) if !masked => Some(
            INVALID_CONDITION
                .at(mask.span, format!("`op = \"{}\"` has no use for a mask", condition.op.value))
                .label("only masked_eq has one"),
        ),
        _ if condition.is_list && !lists => Some(
            INVALID_CONDITION
                .at(
                    condition.value.span,
                    format!("`op = \"{}\"` compares with one value", condition.op.value),
                )
                .label("lists are for eq, ne and masked_eq"),
        ),
        _ if condition.value.value.is_empty() => Some(
            INVALID_CONDITION
                .at(condition.value.span, "there is no value in the list")
                .label("a condition without values means nothing"),
        ),
        _ => None,
    }
}

fn number(number: &Spanned<Number>, found: usize) -> Result<i128, Diagnostic> {
    match &number.value {
        Number::Integer(integer) => Ok((*integer).into()),
        Number::Text(text) => text.split('|').try_fold(0, |all, word| {
            let word = word.trim();
            Ok(all | value(word).ok_or_else(|| unknown_constant(word, number.span, found))?)
        }),
    }
}

/// A constant or a number.
fn value(word: &str) -> Option<i128> {
    crate::seccomp::number(word).or_else(|| constant(word)).map(i128::from)
}

/// What is said of a name that no header has.
pub(super) fn unknown_constant(name: &str, span: Span, found: usize) -> Diagnostic {
    let message =
        if name.is_empty() { "a name is empty".into() } else { format!("unknown constant `{name}`") };
    let finding = UNKNOWN_CONSTANT.at(span, message);
    match suggest::nearest(name, constants().map(|(name, _)| name), found) {
        Some(near) => finding.label(format!("did you mean `{near}`?")),
        None => finding.label("expected a name such as `AF_INET`, names joined by `|`, or a number"),
    }
}
