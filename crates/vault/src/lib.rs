//! Secrets encrypted at rest, and masked in what is shown.
