//! Strict fakes of services on the internet, over real HTTP: for tests only.
