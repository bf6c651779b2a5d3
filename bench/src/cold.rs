//! The binary from nothing: how soon it answers, and how much memory it holds at rest.

use crate::harness::{figure, percentile};
use anyhow::{Context as _, Result};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Starts measured.
const STARTS: usize = 10;

/// How long the server is left alone before its memory is read.
const REST: Duration = Duration::from_secs(3);

/// Longest time to the first answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ends the server when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `cold_start_ms`, `idle_mb`; needs `target/release/headway`.
pub(crate) fn cold() -> Result<()> {
    let binary = std::env::current_exe()?.with_file_name("headway");
    anyhow::ensure!(binary.exists(), "{} is not there: run `make build` first", binary.display());
    let mut samples = Vec::new();
    for start in 0..STARTS {
        let folder = tempfile::tempdir()?;
        let address = free_address()?;
        let begun = Instant::now();
        let child = Command::new(&binary)
            .args(["serve", "--dev", "--data"])
            .arg(folder.path().join("data"))
            .args(["--listen", &address.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Server(child);
        first_answer(address, begun)?;
        samples.push(begun.elapsed().as_secs_f64() * 1_000.0);
        if start + 1 == STARTS {
            std::thread::sleep(REST);
            figure("idle_mb", resident_mb(server.0.id())?, "MB");
        }
    }
    figure("cold_start_ms", percentile(&mut samples, 0.5), "ms");
    Ok(())
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn first_answer(address: SocketAddr, begun: Instant) -> Result<()> {
    while begun.elapsed() < PATIENCE {
        if let Ok(mut connection) = TcpStream::connect(address) {
            write!(connection, "GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
            let mut answer = String::new();
            if connection.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200") {
                return Ok(());
            }
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    anyhow::bail!("the server did not answer within {PATIENCE:?}")
}

fn resident_mb(pid: u32) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: f64 = line.split_whitespace().next().context("a number")?.parse()?;
    Ok(kilobytes / 1_000.0)
}
