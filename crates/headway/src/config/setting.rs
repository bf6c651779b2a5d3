//! What a setting is: one declaration makes the field of the raw configuration, the key in the file, the variable of
//! the environment and the line of the reference.

/// A setting, as the reference and the checks need it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// Dotted key, such as `outbox.batch_size`.
    pub(crate) key: &'static str,
    /// What it holds.
    pub(crate) kind: Kind,
    /// Its default, as written in the file; for people where `kind` is a path.
    pub(crate) default: &'static str,
    /// What it does.
    pub(crate) doc: &'static str,
}

/// What a setting holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A file or folder; relative to the configuration file, or to the working folder.
    Path,
    /// Files or folders.
    Paths,
    /// Texts.
    Texts,
    /// True or false.
    Flag,
    /// A whole number, in a range.
    Number(u64, u64),
}

impl Kind {
    /// For the reference.
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Word(words) => words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(" or "),
            Self::Path => "path".to_owned(),
            Self::Paths => "list of paths".to_owned(),
            Self::Texts => "list of texts".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Number(least, most) => format!("number, {least} to {most}"),
        }
    }
}

impl Setting {
    /// The environment's variable for it.
    pub(crate) fn variable(&self) -> String {
        format!("HEADWAY_{}", self.key.replace('.', "_").to_uppercase())
    }

    /// A text from the environment or a flag as the file would hold it.
    pub(crate) fn read(&self, text: &str) -> Result<toml::Value, String> {
        match self.kind {
            Kind::Text | Kind::Word(_) | Kind::Path => Ok(toml::Value::String(text.to_owned())),
            Kind::Paths | Kind::Texts => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Ok(toml::Value::Array(parts.map(|part| toml::Value::String(part.to_owned())).collect()))
            }
            Kind::Flag => match text {
                "true" | "1" | "yes" | "on" => Ok(toml::Value::Boolean(true)),
                "false" | "0" | "no" | "off" => Ok(toml::Value::Boolean(false)),
                _ => Err(format!("'{text}' is not true or false")),
            },
            Kind::Number(..) => match text.trim().parse() {
                Ok(number) => Ok(toml::Value::Integer(number)),
                Err(_) => Err(format!("'{text}' is not a whole number")),
            },
        }
    }
}

/// Declares a part of the raw configuration: a struct of options, and its settings in order.
macro_rules! settings {
    (
        $(#[$meta:meta])*
        $name:ident in $prefix:literal {
            $( $(#[doc = $doc:literal])+ $field:ident: $type:ty = $kind:expr, $default:literal; )*
        }
        $( sections { $( $section:ident: $part:ty; )* } )?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            $( $(#[doc = $doc])+ pub(crate) $field: Option<$type>, )*
            $( $( #[doc = "A section."] #[serde(default)] pub(crate) $section: $part, )* )?
        }

        impl $name {
            /// Its settings, in the order of the reference.
            pub(crate) const SETTINGS: &'static [$crate::config::setting::Setting] = &[
                $( $crate::config::setting::Setting {
                    key: concat!($prefix, stringify!($field)),
                    kind: $kind,
                    default: $default,
                    doc: concat!($($doc, "\n"),+),
                }, )*
            ];

            /// These settings, and `lower`'s where they say nothing.
            pub(crate) fn over(self, lower: Self) -> Self {
                Self {
                    $( $field: self.$field.or(lower.$field), )*
                    $( $( $section: self.$section.over(lower.$section), )* )?
                }
            }
        }
    };
}

pub(crate) use settings;
