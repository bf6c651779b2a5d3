/// One forward step of a component's schema. Never edited once released: its text is checked against the one applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Whose tables it makes: "store", or an application's name. Each component counts its own versions.
    pub component: &'static str,
    /// Position in the component's history, from 1, rising.
    pub version: u32,
    /// What it does in a word or two, for people.
    pub name: &'static str,
    /// One or more statements.
    pub sql: &'static str,
}
