//! The JSON Schema of the language, draft-07: what editors complete, explain and underline.
//!
//! It never refuses what the parser admits. What it cannot say (that a mode is octal, that a path is in normal form) is
//! left to `check`.

use super::entry::{meaning, notes, place};
use crate::policy::CAPABILITIES;
use crate::seccomp::{Architecture, group_names};
use crate::spec::keys::{Form, Key, Presence, ROOT, Sign, Type, Word};
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeSet;

/// `${name}` may stand in every string, whatever that stands for.
const VARIABLE: &str = r"\$\{";

/// A schema, or a part of one; the order of the fields is that of the file.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Schema {
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    dialect: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    ty: Option<&'static str>,
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    one_of_these: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Box<Schema>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    required: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "in_order")]
    properties: Vec<(String, Schema)>,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "in_order")]
    pattern_properties: Vec<(String, Schema)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_properties: Option<Others>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    any_of: Vec<Schema>,
    #[serde(rename = "x-taplo", skip_serializing_if = "Option::is_none")]
    taplo: Option<Taplo>,
    #[serde(rename = "x-tombi-toml-version", skip_serializing_if = "Option::is_none")]
    toml_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "in_order")]
    definitions: Vec<(String, Schema)>,
}

/// Keys that are not named.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Others {
    None(bool),
    Each(Box<Schema>),
}

/// What the taplo language server shows beside a schema.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Taplo {
    /// The keys that a new table begins with.
    InitKeys(Vec<&'static str>),
    /// What its words mean.
    Docs {
        #[serde(rename = "enumValues")]
        words: Vec<String>,
    },
}

fn in_order<S: Serializer>(members: &[(String, Schema)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(members.iter().map(|(name, schema)| (name, schema)))
}

/// The schema as text.
pub fn schema() -> Result<String, serde_json::Error> {
    let calls: BTreeSet<&str> = Architecture::ALL
        .iter()
        .flat_map(|architecture| architecture.syscalls())
        .map(|(name, _)| *name)
        .collect();
    let root = Schema {
        dialect: Some("http://json-schema.org/draft-07/schema#"),
        title: Some("boxwright sandbox spec"),
        // Each file says for itself what language it is in; what else is missing may be inherited.
        required: vec!["version"],
        any_of: vec![
            Schema { required: vec!["extends"], ..Schema::default() },
            requirement(ROOT).unwrap_or_default(),
        ],
        toml_version: Some("v1.0.0"),
        definitions: vec![
            ("variable".into(), string(VARIABLE)),
            ("inherited".into(), constant(false)),
            ("capability".into(), words(CAPABILITIES)),
            ("syscall".into(), words(group_names().chain(calls))),
        ],
        ..section("", ROOT)
    };
    Ok(serde_json::to_string_pretty(&root)? + "\n")
}

/// A table that may be written in part, since other specs that it extends have it too.
fn section(at: &str, keys: &[Key]) -> Schema {
    let property = |key: &Key| {
        let place = place(at, key);
        let mut schema = match &key.ty {
            Type::Table(keys) => section(&place, keys),
            ty => any_of(choices(&place, ty).into_iter().chain([reference("inherited")]).collect()),
        };
        describe(&mut schema, &place, key);
        (key.name.to_owned(), schema)
    };
    Schema { properties: keys.iter().map(property).collect(), required: Vec::new(), ..table(at, keys) }
}

/// What a spec must have that extends no other, section by section.
fn requirement(keys: &[Key]) -> Option<Schema> {
    let inner = |key: &Key| match key.ty {
        Type::Table(keys) => Some((key.name.to_owned(), requirement(keys)?)),
        _ => None,
    };
    let properties: Vec<_> = keys.iter().filter_map(inner).collect();
    let required = required(keys);
    let nothing = required.is_empty() && properties.is_empty();
    (!nothing).then(|| Schema { required, properties, ..Schema::default() })
}

/// A table that is written whole.
fn table(at: &str, keys: &[Key]) -> Schema {
    let property = |key: &Key| {
        let place = place(at, key);
        let mut schema = of(&place, &key.ty);
        describe(&mut schema, &place, key);
        (key.name.to_owned(), schema)
    };
    let required = required(keys);
    Schema {
        ty: Some("object"),
        properties: keys.iter().map(property).collect(),
        additional_properties: Some(Others::None(false)),
        taplo: (!required.is_empty()).then(|| Taplo::InitKeys(required.clone())),
        required,
        ..Schema::default()
    }
}

fn required(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().filter(|key| key.presence == Presence::Required).map(|key| key.name).collect()
}

fn describe(schema: &mut Schema, place: &str, key: &Key) {
    let mut sentences = vec![key.doc.to_owned()];
    meanings(&key.ty, &mut sentences);
    sentences.extend(notes(place, key));
    // What stands beside a reference is not looked at.
    if schema.reference.is_some() {
        *schema = Schema { any_of: vec![std::mem::take(schema)], ..Schema::default() };
    }
    schema.description = Some(sentences.join("\n\n"));
    if let Presence::Default(toml) = key.presence {
        schema.default = Some(json(toml));
    }
}

/// Editors that know no documentation of words show it with the key.
fn meanings(ty: &Type, sentences: &mut Vec<String>) {
    match ty {
        Type::Words(words) => {
            let line = |word: &Word| format!("- `\"{}\"`: {}", word.name, meaning(word));
            sentences.push(words.iter().map(line).collect::<Vec<_>>().join("\n"));
        }
        Type::List(ty) | Type::NotYet(ty, _) => meanings(ty, sentences),
        Type::Union(types) => types.iter().for_each(|ty| meanings(ty, sentences)),
        _ => {}
    }
}

fn of(place: &str, ty: &Type) -> Schema {
    any_of(choices(place, ty))
}

/// What may be written, each on its own; a variable may stand for everything that is no table.
fn choices(place: &str, ty: &Type) -> Vec<Schema> {
    let one = |schema| vec![schema];
    let or_variable = |schema| vec![schema, reference("variable")];
    let mut choices = match ty {
        Type::Boolean => or_variable(Schema { ty: Some("boolean"), ..Schema::default() }),
        Type::Constant(value) => or_variable(constant(*value)),
        Type::Integer(min, max) => or_variable(integer(*min, *max)),
        Type::Port => or_variable(integer(1, 65535)),
        Type::Mode(max) => or_variable(integer(0, i64::from(*max))),
        Type::Bytes => vec![integer(0, i64::MAX), string("^[0-9]+(KiB|MiB|GiB|TiB)$")],
        Type::Duration(Sign::Positive) => one(string("^([0-9]+(d|h|m|s|ms|us))+$")),
        Type::Duration(Sign::Either) => one(string("^-?([0-9]+(d|h|m|s|ms|us))+$")),
        Type::Cpus => {
            let number = Schema { ty: Some("number"), ..Schema::default() };
            vec![number, string(r"^[0-9]+(\.[0-9]+)?%$")]
        }
        Type::String(Form::Capability) => or_variable(reference("capability")),
        Type::String(Form::Syscall) => or_variable(reference("syscall")),
        Type::String(form) => {
            let any = Schema { ty: Some("string"), ..Schema::default() };
            one(form.pattern().map_or(any, string))
        }
        Type::Words(known) => or_variable(Schema {
            taplo: Some(Taplo::Docs { words: known.iter().map(meaning).collect() }),
            ..words(known.iter().map(|word| word.name))
        }),
        Type::List(ty) => {
            one(Schema { ty: Some("array"), items: Some(Box::new(of(place, ty))), ..Schema::default() })
        }
        Type::Table(keys) => one(table(place, keys)),
        Type::Map(form, ty) => one(map(*form, place, ty)),
        Type::Kinds(kinds) => kinds.iter().map(|keys| table(place, keys)).collect(),
        Type::Union(types) => types.iter().flat_map(|ty| choices(place, ty)).collect(),
        Type::NotYet(ty, _) => choices(place, ty),
    };
    let is_variable = |schema: &Schema| schema.reference == reference("variable").reference;
    if choices.iter().any(is_variable) {
        choices.retain(|schema| !is_variable(schema));
        choices.push(reference("variable"));
    }
    choices
}

/// A table whose keys have a form, and whose entries a spec can take away that it inherits.
fn map(form: Form, place: &str, ty: &Type) -> Schema {
    let value = any_of(choices(place, ty).into_iter().chain([reference("inherited")]).collect());
    let object = Schema { ty: Some("object"), ..Schema::default() };
    match form.pattern() {
        None => Schema { additional_properties: Some(Others::Each(Box::new(value))), ..object },
        Some(pattern) => Schema {
            pattern_properties: vec![(format!("{pattern}|{VARIABLE}"), value)],
            additional_properties: Some(Others::None(false)),
            ..object
        },
    }
}

fn any_of(mut schemas: Vec<Schema>) -> Schema {
    match schemas.len() {
        1 => schemas.remove(0),
        _ => Schema { any_of: schemas, ..Schema::default() },
    }
}

fn integer(minimum: i64, maximum: i64) -> Schema {
    Schema {
        ty: Some("integer"),
        minimum: Some(minimum).filter(|minimum| *minimum != i64::MIN),
        maximum: Some(maximum).filter(|maximum| *maximum != i64::MAX),
        ..Schema::default()
    }
}

fn constant(value: bool) -> Schema {
    Schema { ty: Some("boolean"), one_of_these: vec![value.into()], ..Schema::default() }
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Schema {
    let words = words.into_iter().map(Value::from).collect();
    Schema { ty: Some("string"), one_of_these: words, ..Schema::default() }
}

fn string(pattern: &str) -> Schema {
    let pattern = if pattern == VARIABLE { pattern.into() } else { format!("{pattern}|{VARIABLE}") };
    Schema { ty: Some("string"), pattern: Some(pattern), ..Schema::default() }
}

/// One of the definitions.
fn reference(to: &str) -> Schema {
    Schema { reference: Some(format!("#/definitions/{to}")), ..Schema::default() }
}

/// A default of the table, whose TOML is JSON but for octal numbers.
fn json(toml: &str) -> Value {
    match toml.strip_prefix("0o").map(|octal| u32::from_str_radix(octal, 8)) {
        Some(Ok(number)) => number.into(),
        _ => serde_json::from_str(toml).unwrap_or(Value::Null),
    }
}
