//! The server in a process of its own: one that can be killed, or whose sockets are not this process's.
//!
//! The process is this test program once more, with one test named and a folder in its environment.

use crate::world::{World, logs};
use headway_server::{ListenOptions, raise_file_limit};
use model::RunId;
use std::{
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use stream::fixture::Made;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

const FOLDER: &str = "HEADWAY_TEST_SERVER_FOLDER";
/// What the child says before its address; other output comes from the test runner.
const SAYS: &str = "serving ";

/// Serves the folder that its environment names, and does what the lines of standard input say: `load` writes events to
/// run 1 until it is killed, `finish` ends the run, `stop` ends the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other process of other tests"]
async fn serve_for_another_test() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    raise_file_limit();
    let world = World::at(Path::new(&folder), ListenOptions::default(), activity::Registry::default()).await;
    let run = RunId(1);
    if !world.runs.resume(run).await.unwrap() {
        assert_eq!(world.runs.run().await.unwrap(), run);
    }
    println!("\n{SAYS}{}", world.address);
    let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        match line.as_str() {
            "load" => loop {
                world.runs.append(run, logs(3)).await.unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
            },
            "finish" => {
                world.runs.append(run, logs(20)).await.unwrap();
                world.runs.append(run, vec![Made::completed()]).await.unwrap();
            }
            _ => break,
        }
    }
    world.stop.cancel();
    world.serving.await.unwrap();
}

/// A server in a process of its own; killed when dropped.
pub(crate) struct ServerProcess {
    child: Child,
    input: ChildStdin,
    _output: Lines<BufReader<ChildStdout>>,
    pub(crate) address: SocketAddr,
}

impl ServerProcess {
    pub(crate) async fn start(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child::serve_for_another_test", "--ignored", "--nocapture"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        loop {
            let line = output.next_line().await.unwrap().expect("the server starts");
            if let Some(address) = line.strip_prefix(SAYS) {
                return Self { child, input, _output: output, address: address.parse().unwrap() };
            }
        }
    }

    pub(crate) async fn tell(&mut self, word: &str) {
        self.input.write_all(format!("{word}\n").as_bytes()).await.unwrap();
    }

    /// Kills it as the kernel would, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        self.child.wait().await.unwrap()
    }
}
