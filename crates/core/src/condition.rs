//! Conditions: the `when` of a stage, an expression over the run's input and its stages' figures.
//!
//! `input.detect_nsfw and stages.read.failed == 0`. Variables: `input`, and `stages.<name>` with `state`, `total`,
//! `done`, `failed`, `skipped`. Operators: `and or not`, `== != < <= > >=`, `in`, `+ - / %`, `~`, `a if c else b`,
//! `is defined`, `is none`, and the filter `length`. Nothing can be called and nothing loops, so that an expression
//! costs no more than its length; sizes and nesting are checked on the text before the parser (which recurses) sees
//! it. A field that is not there is an error and never quietly false.

use minijinja::{
    Environment, ErrorKind, UndefinedBehavior, Value,
    value::{Enumerator, Object, ObjectRepr},
};
use model::MAX_CONDITION_BYTES;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

/// Deepest nesting of brackets: the parser needs about 13 stack frames for each.
pub const MAX_NESTING: usize = 16;
/// Most tokens: compiling recurses once for each operator of a chain.
pub const MAX_TOKENS: usize = 400;
/// Most steps of an evaluation. An expression of `MAX_TOKENS` takes fewer; this bounds what we did not think of.
const FUEL: u64 = 10_000;

const VARIABLES: [&str; 2] = ["input", "stages"];
const KEYWORDS: [&str; 7] = ["and", "or", "not", "if", "else", "in", "is"];
const CONSTANTS: [&str; 6] = ["true", "false", "none", "True", "False", "None"];
const FILTERS: [&str; 1] = ["length"];
const TESTS: [&str; 2] = ["defined", "none"];

/// Why a condition was refused, or could not be decided.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// The text is longer than [`MAX_CONDITION_BYTES`].
    #[error("the condition has {bytes} bytes; at most {MAX_CONDITION_BYTES} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Brackets are nested deeper than [`MAX_NESTING`].
    #[error("the condition nests brackets deeper than {MAX_NESTING} levels; split the stage or simplify it")]
    TooDeep,
    /// More than [`MAX_TOKENS`] tokens.
    #[error("the condition has more than {MAX_TOKENS} words and signs; split the stage or simplify it")]
    TooComplex,
    /// It does not parse.
    #[error("the condition is not an expression: {detail}")]
    Syntax {
        /// What the parser says.
        detail: String,
    },
    /// A variable other than `input` and `stages`.
    #[error("the condition uses '{name}', which does not exist; there are 'input' and 'stages'")]
    UnknownVariable {
        /// The variable.
        name: String,
    },
    /// Something that conditions cannot do: calls, multiplication, most filters and tests.
    #[error("the condition uses {what}, which conditions do not have")]
    NotAllowed {
        /// What it uses.
        what: String,
    },
    /// A field that the input or the stage does not have.
    #[error("the condition reads '{path}', which is not there; guard it with '{path} is defined'")]
    Undefined {
        /// Which field.
        path: String,
    },
    /// The result is neither true nor false.
    #[error("the condition gives a {kind} instead of true or false; compare it with something")]
    NotBoolean {
        /// What it gives.
        kind: String,
    },
    /// Evaluation failed, such as by comparing text with a number.
    #[error("the condition cannot be evaluated: {detail}")]
    Evaluation {
        /// What failed.
        detail: String,
    },
}

/// Checks that `source` is a condition, without evaluating it.
///
/// # Errors
/// Every cause but `Undefined`, `NotBoolean` and `Evaluation`, which depend on values.
pub fn check(source: &str) -> Result<(), ConditionError> {
    Condition::compile(source).map(|_| ())
}

/// Evaluates `source` on a run's input and its stages' figures by name.
///
/// # Errors
/// Those of [`check`], and `Undefined`, `NotBoolean`, `Evaluation`.
pub fn evaluate(
    source: &str,
    input: &serde_json::Value,
    stages: &BTreeMap<String, serde_json::Value>,
) -> Result<bool, ConditionError> {
    Condition::compile(source)?.evaluate(input, stages)
}

/// A checked condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    source: String,
    stages: BTreeSet<String>,
}

impl Condition {
    /// Checks `source`.
    ///
    /// # Errors
    /// Those of [`check`].
    pub fn compile(source: &str) -> Result<Self, ConditionError> {
        if source.len() > MAX_CONDITION_BYTES {
            return Err(ConditionError::TooLong { bytes: source.len() });
        }
        let tokens = tokens(source)?;
        check_nesting(&tokens)?;
        check_words(&tokens)?;
        let environment = environment(&Misses::default());
        let expression = environment.compile_expression(source).map_err(|error| syntax(&error))?;
        // The parser takes a keyword in an odd place for a variable.
        let strangers = expression.undeclared_variables(false);
        if let Some(name) = strangers.into_iter().filter(|name| !VARIABLES.contains(&name.as_str())).min() {
            return Err(ConditionError::UnknownVariable { name });
        }
        Ok(Self { source: source.to_owned(), stages: stage_names(&tokens) })
    }

    /// The stages it reads by name (`stages.read`, `stages["read"]`), sorted.
    pub fn stages(&self) -> impl Iterator<Item = &str> {
        self.stages.iter().map(String::as_str)
    }

    /// Whether it holds for `input` and the figures of `stages`.
    ///
    /// # Errors
    /// `Undefined`, `NotBoolean`, `Evaluation`.
    pub fn evaluate(
        &self,
        input: &serde_json::Value,
        stages: &BTreeMap<String, serde_json::Value>,
    ) -> Result<bool, ConditionError> {
        let misses = Misses::default();
        let environment = environment(&misses);
        let expression = environment.compile_expression(&self.source).map_err(|error| syntax(&error))?;
        let stages = serde_json::Value::Object(stages.clone().into_iter().collect());
        let context = Value::from_pairs([
            ("input", scoped(input, "input", &misses)),
            ("stages", scoped(&stages, "stages", &misses)),
        ]);
        let outcome = expression.eval(context);
        if let Some(path) = misses.first() {
            return Err(ConditionError::Undefined { path });
        }
        let value = outcome.map_err(|error| evaluation(&error))?;
        bool::try_from(value.clone())
            .map_err(|_| ConditionError::NotBoolean { kind: value.kind().to_string() })
    }
}

/// An environment with nothing in it but what the module's head lists.
fn environment(misses: &Misses) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(MAX_NESTING * 4);
    environment.add_filter("length", |value: &Value| {
        value.len().ok_or_else(|| {
            minijinja::Error::new(ErrorKind::InvalidOperation, format!("a {} has no length", value.kind()))
        })
    });
    let asked = misses.clone();
    environment.add_test("defined", move |value: &Value| {
        if value.is_undefined() {
            asked.forgive();
        }
        !value.is_undefined()
    });
    environment.add_test("none", |value: &Value| value.is_none());
    environment
}

fn syntax(error: &minijinja::Error) -> ConditionError {
    ConditionError::Syntax { detail: error.detail().unwrap_or("it does not parse").to_owned() }
}

fn evaluation(error: &minijinja::Error) -> ConditionError {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    ConditionError::Evaluation { detail }
}

/// Fields that were read and are not there. `is defined` takes its own back.
#[derive(Clone, Debug, Default)]
struct Misses(Arc<Mutex<Vec<String>>>);

impl Misses {
    fn note(&self, path: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(path);
    }

    fn forgive(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
    }

    fn first(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).first().cloned()
    }
}

/// A JSON object or list that notes which of its fields were asked for in vain.
#[derive(Debug)]
struct Scope {
    path: String,
    value: serde_json::Value,
    misses: Misses,
}

fn scoped(value: &serde_json::Value, path: &str, misses: &Misses) -> Value {
    match value {
        serde_json::Value::Object(_) | serde_json::Value::Array(_) => {
            Value::from_object(Scope { path: path.to_owned(), value: value.clone(), misses: misses.clone() })
        }
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(flag) => Value::from(*flag),
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Number(number) => number
            .as_i64()
            .map(Value::from)
            .or_else(|| number.as_u64().map(Value::from))
            .unwrap_or_else(|| Value::from(number.as_f64().unwrap_or(f64::NAN))),
    }
}

impl Object for Scope {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.value.is_array() { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let found = match (&self.value, key.as_str()) {
            (serde_json::Value::Object(fields), Some(name)) => fields.get(name),
            (serde_json::Value::Array(entries), None) => key.as_usize().and_then(|index| entries.get(index)),
            _ => None,
        };
        let path = format!("{}.{key}", self.path);
        match found {
            Some(value) => Some(scoped(value, &path, &self.misses)),
            None => {
                self.misses.note(path);
                None
            }
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &self.value {
            serde_json::Value::Array(entries) => Enumerator::Seq(entries.len()),
            serde_json::Value::Object(fields) => Enumerator::Values(fields.keys().map(Value::from).collect()),
            _ => Enumerator::Empty,
        }
    }
}

/// A word or sign of a condition, as far as the checks before parsing need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Text(&'a str),
    Number,
    Sign(u8),
}

fn tokens(source: &str) -> Result<Vec<Token<'_>>, ConditionError> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let run = |from: usize, part: fn(u8) -> bool| {
            bytes[from..].iter().position(|b| !part(*b)).map_or(bytes.len(), |length| from + length)
        };
        let token = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'"' | b'\'' => {
                at = end_of_text(bytes, at)?;
                Token::Text(source.get(start + 1..at - 1).unwrap_or_default())
            }
            b'0'..=b'9' => {
                at = run(at, |b| b.is_ascii_alphanumeric() || b == b'_');
                Token::Number
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' || !byte.is_ascii() => {
                at = run(at, |b| b.is_ascii_alphanumeric() || b == b'_' || !b.is_ascii());
                Token::Word(source.get(start..at).unwrap_or_default())
            }
            sign => {
                at += 1;
                Token::Sign(sign)
            }
        };
        if tokens.len() == MAX_TOKENS {
            return Err(ConditionError::TooComplex);
        }
        tokens.push(token);
    }
    Ok(tokens)
}

/// The place after the closing quote of the text that begins at `start`.
fn end_of_text(bytes: &[u8], start: usize) -> Result<usize, ConditionError> {
    let quote = bytes.get(start).copied();
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            _ if Some(byte) == quote => return Ok(at + 1),
            _ => at += 1,
        }
    }
    Err(ConditionError::Syntax { detail: "a text in quotes does not end".to_owned() })
}

fn check_nesting(tokens: &[Token<'_>]) -> Result<(), ConditionError> {
    let mut depth = 0usize;
    for token in tokens {
        match token {
            Token::Sign(b'(' | b'[' | b'{') => depth += 1,
            Token::Sign(b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(ConditionError::TooDeep);
        }
    }
    Ok(())
}

/// Refuses calls, `*` (it can make a text of any size from a short one), filters, tests and variables that are not
/// there: the parser would take them, and evaluation fail on them, perhaps hours into a run.
fn check_words(tokens: &[Token<'_>]) -> Result<(), ConditionError> {
    let refuse = |what: String| Err(ConditionError::NotAllowed { what });
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).and_then(|index| tokens.get(index)).copied();
        match (before(1), *token) {
            (_, Token::Sign(b'*')) => return refuse("multiplication (write a division)".to_owned()),
            (Some(Token::Word(word)), Token::Sign(b'(')) if !KEYWORDS.contains(&word) => {
                return refuse(format!("the call {word}(…)"));
            }
            (Some(Token::Sign(b')' | b']') | Token::Text(_)), Token::Sign(b'(')) => {
                return refuse("a call".to_owned());
            }
            (Some(Token::Sign(b'|')), Token::Word(name)) if !FILTERS.contains(&name) => {
                return refuse(format!("the filter '{name}' (there is 'length')"));
            }
            (Some(Token::Word("is")), Token::Word("not")) | (Some(Token::Sign(b'|')), Token::Word(_)) => {}
            (Some(Token::Word("is")), Token::Word(name)) => check_test(name)?,
            (Some(Token::Word("not")), Token::Word(name)) if before(2) == Some(Token::Word("is")) => {
                check_test(name)?;
            }
            (Some(Token::Sign(b'.')), Token::Word(_)) => {}
            (_, Token::Word(name)) if !known(name) && !names_key(tokens, at) => {
                return Err(ConditionError::UnknownVariable { name: name.to_owned() });
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_test(name: &str) -> Result<(), ConditionError> {
    if TESTS.contains(&name) {
        return Ok(());
    }
    let what = format!("the test '{name}' (there are 'defined' and 'none')");
    Err(ConditionError::NotAllowed { what })
}

fn known(word: &str) -> bool {
    VARIABLES.contains(&word) || KEYWORDS.contains(&word) || CONSTANTS.contains(&word)
}

/// Whether the word at `at` follows a number's dot, as the exponent in `1.e5` does.
fn names_key(tokens: &[Token<'_>], at: usize) -> bool {
    at >= 1 && tokens.get(at - 1) == Some(&Token::Sign(b'.'))
}

fn stage_names(tokens: &[Token<'_>]) -> BTreeSet<String> {
    let name = |window: &[Token<'_>]| match window {
        [Token::Word("stages"), Token::Sign(b'.'), Token::Word(name)]
        | [Token::Word("stages"), Token::Sign(b'['), Token::Text(name)] => Some((*name).to_owned()),
        _ => None,
    };
    let field = |at: usize| at.checked_sub(1).and_then(|index| tokens.get(index)) == Some(&Token::Sign(b'.'));
    tokens
        .windows(3)
        .enumerate()
        .filter(|(at, _)| !field(*at))
        .filter_map(|(_, window)| name(window))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn decide(source: &str) -> Result<bool, ConditionError> {
        let input = json!({ "detect_nsfw": true, "max": 3, "names": ["a", "b"], "deep": { "on": false }, "no": null });
        let read = json!({ "state": "closed", "total": 10, "done": 8, "failed": 2, "skipped": 0 });
        let stages = BTreeMap::from([("read".to_owned(), read.clone()), ("two-words".to_owned(), read)]);
        evaluate(source, &input, &stages)
    }

    #[test]
    fn conditions_decide_over_input_and_stages() {
        let cases = [
            ("true", true),
            ("input.detect_nsfw", true),
            ("not input.detect_nsfw", false),
            ("input.detect_nsfw and stages.read.failed == 0", false),
            ("stages.read.failed / stages.read.total >= 0.2", true),
            ("stages['two-words'].state == 'closed'", true),
            ("'a' in input.names and 'c' not in input.names", true),
            ("input.names | length == 2", true),
            ("input.names[1] == \"b\"", true),
            ("input.names == ['a', 'b']", true),
            ("input.max is defined and input.max < 4", true),
            ("input.missing is defined", false),
            ("input.missing is not defined or input.missing > 3", true),
            ("input.no is none", true),
            ("(true if input.deep.on else false)", false),
            ("stages.read.done + stages.read.failed - 1 == 9", true),
        ];
        for (source, expected) in cases {
            assert_eq!(decide(source), Ok(expected), "{source}");
        }
    }

    #[test]
    fn what_is_not_there_is_an_error_and_never_false() {
        let undefined = |path: &str| Err(ConditionError::Undefined { path: path.to_owned() });
        assert_eq!(decide("input.missing"), undefined("input.missing"));
        assert_eq!(decide("input.missing == 1"), undefined("input.missing"));
        assert_eq!(decide("input.deep.off or true"), undefined("input.deep.off"));
        assert_eq!(decide("stages.raed.failed == 0"), undefined("stages.raed"));
        assert_eq!(decide("input.names[7] == 'a'"), undefined("input.names.7"));
        assert_eq!(decide("input.max"), Err(ConditionError::NotBoolean { kind: "number".to_owned() }));
        assert!(matches!(decide("input.names - 1 == 2"), Err(ConditionError::Evaluation { .. })));
    }

    #[test]
    fn what_could_call_out_loop_or_grow_is_refused_before_it_runs() {
        for source in [
            "input(10)",
            "input.keys()",
            "'a' * 100000000 == 'b'",
            "2 ** 9 > 1",
            "input.names | list",
            "input.max is even",
            "(input)(1)",
            "input['a'](1)",
            "input.x is not odd",
        ] {
            assert!(
                matches!(check(source), Err(ConditionError::NotAllowed { .. })),
                "{source}: {:?}",
                check(source)
            );
        }
        assert_eq!(check("config.x"), Err(ConditionError::UnknownVariable { name: "config".to_owned() }));
        assert_eq!(check("range(10)"), Err(ConditionError::UnknownVariable { name: "range".to_owned() }));
        for source in ["", "input.", "true and", "input.a ==", "'open", "{% if true %}", "input.a input.b"] {
            assert!(
                matches!(check(source), Err(ConditionError::Syntax { .. })),
                "{source}: {:?}",
                check(source)
            );
        }
    }

    #[test]
    fn it_tells_which_stages_it_reads() -> Result<(), ConditionError> {
        let condition =
            Condition::compile("stages.b.done > 0 and stages['a c'].failed == 0 and input.stages.z")?;
        assert_eq!(condition.stages().collect::<Vec<_>>(), ["a c", "b"]);
        Ok(())
    }

    /// On a stack a quarter of a worker thread's, in a build without optimisation.
    #[test]
    fn nesting_cannot_overflow_the_stack() {
        let fill = |part: &str| part.repeat(MAX_CONDITION_BYTES / part.len() - 4);
        let parentheses = format!("{}1{}", "(".repeat(2040), ")".repeat(2040));
        let small = |open: &str, close: &str, n: usize| format!("{}true{}", open.repeat(n), close.repeat(n));
        let sources = [
            parentheses,
            "[".repeat(4000),
            "{1:".repeat(1300),
            format!("{}true", fill("not ")),
            format!("{}1", fill("-")),
            format!("1{}", fill("+1")),
            format!("true{}", fill(" and true")),
            format!("input{}", fill(".a")),
            format!("input{}", fill("[0]")),
            format!("1{}", fill(" if 1 else 1")),
            format!("{}1{}", fill("'"), fill("'")).chars().take(MAX_CONDITION_BYTES).collect(),
            // As much as is allowed of each.
            small("(", ")", MAX_NESTING),
            small("[", "]", MAX_NESTING),
            format!("{}true", "not ".repeat(MAX_TOKENS - 1)),
            format!("1{} == 1", "+1".repeat(MAX_TOKENS / 2 - 2)),
            format!("{}1 == 1", "-".repeat(MAX_TOKENS - 4)),
            format!("true{}", " if true else true".repeat(MAX_TOKENS / 4 - 1)),
            format!("input{} == 1", ".a".repeat(MAX_TOKENS / 2 - 2)),
            format!("true{}", " and true".repeat(MAX_TOKENS / 2 - 1)),
            "x".repeat(MAX_CONDITION_BYTES + 1),
        ];
        let ran = std::thread::Builder::new().stack_size(512 * 1024).spawn(move || {
            for source in &sources {
                let _ = decide(source);
            }
            sources.len()
        });
        assert_eq!(ran.expect("a thread").join().expect("no overflow"), 20);
    }
}
