//! Reading a vision: what the product is, for whom, to what end, within which bounds.
//!
//! Headings say what their sections hold (see [`sections`]); a vision without known headings is read as prose, in which
//! sentences that say what somebody can do are its features. Any text is read; a thin one gives a thin vision.

mod action;
mod constraint;
mod gather;
mod markdown;
mod sections;
mod who;

pub(crate) use action::Action;
pub(crate) use constraint::{Constraint, Quality};
pub(crate) use gather::read;
pub(crate) use markdown::plain;

/// What a vision says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Vision {
    /// The product's name.
    pub(crate) title: String,
    /// What it is, in a few sentences.
    pub(crate) summary: String,
    /// Areas of the product, in the order of the vision.
    pub(crate) themes: Vec<Theme>,
    /// What one can do, as far as the vision names no area for it.
    pub(crate) loose: Vec<Capability>,
    /// Who uses it. Never empty.
    pub(crate) actors: Vec<Actor>,
    /// What is to be reached.
    pub(crate) goals: Vec<Goal>,
    /// What holds for all of it.
    pub(crate) constraints: Vec<Constraint>,
    /// Its own words.
    pub(crate) terms: Vec<Term>,
    /// What it is not to do.
    pub(crate) excluded: Vec<String>,
    /// What could go wrong, and what is taken for granted.
    pub(crate) risks: Vec<String>,
}

/// An area of the product.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Theme {
    /// Its heading, or a name made from what it holds.
    pub(crate) title: String,
    /// What the vision says about it as a whole.
    pub(crate) text: String,
    /// What one can do.
    pub(crate) capabilities: Vec<Capability>,
}

/// Something that one can do with the product.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Capability {
    /// As the vision says it.
    pub(crate) text: String,
    /// Its short name, where the vision gives one (`Cart: …`).
    pub(crate) label: Option<String>,
    /// What is done.
    pub(crate) action: Action,
    /// What it consists of, as the vision says it.
    pub(crate) parts: Vec<String>,
    /// 1 (must) to 4 (later), where the vision says it.
    pub(crate) priority: Option<u8>,
}

/// Someone who uses the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    /// One of them: `kitchen manager`.
    pub(crate) name: String,
    /// What the vision says about them.
    pub(crate) text: String,
}

/// Something to be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Goal {
    /// As the vision says it.
    pub(crate) text: String,
    /// As the end of a sentence that begins with `so that`.
    pub(crate) clause: String,
}

/// A word of the vision's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// The word.
    pub(crate) word: String,
    /// What it means.
    pub(crate) meaning: String,
}

impl Vision {
    /// How many capabilities it names.
    pub(crate) fn capability_count(&self) -> usize {
        self.loose.len() + self.themes.iter().map(|theme| theme.capabilities.len()).sum::<usize>()
    }
}
