//! A fake as a process of its own: `headway-fakes azure|github|openai PORT` (0 for a free one). Prints its address and what
//! reaches it; steered through `POST /_control/faults`, `DELETE /_control/faults`, `GET /_control/state`. Ends with its input.

use fakes::{azure, github, openai};
use std::io::Read;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = arguments.get(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let mut keep: Vec<Box<dyn std::any::Any>> = Vec::new();
    let (settings, secret) = match arguments.first().map(String::as_str) {
        Some("azure") => {
            let fake = azure::FakeAzure::start_on(azure::Options::default(), port);
            let shown = (fake.settings(), fake.token().to_owned());
            keep.push(Box::new(fake));
            shown
        }
        Some("github") => {
            let fake = github::FakeGitHub::start_on(github::Options::default(), port);
            let shown = (fake.settings(), fake.token().to_owned());
            keep.push(Box::new(fake));
            shown
        }
        Some("openai") => {
            let fake = openai::FakeOpenAi::start_on(openai::Options::default(), port);
            let shown = (fake.settings(), fake.key().to_owned());
            keep.push(Box::new(fake));
            shown
        }
        _ => {
            eprintln!("usage: headway-fakes azure|github|openai [PORT]");
            std::process::exit(2);
        }
    };
    println!("{}", serde_json::json!({ "settings": settings, "secret": secret }));
    // Who started it keeps its input open for as long as it is needed.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
