//! Connectors: how deliveries reach Azure DevOps, GitHub, webhooks and files, and how a language model is asked.
