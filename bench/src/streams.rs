//! Live streams: how late, how large, how many. The clients are a process of their own, so that neither their memory
//! nor their file descriptors count as the server's.
//!
//! ```text
//! this process: store, hub, server ──10,000 sockets──▶ the same program as client (`HEADWAY_BENCH_CLIENT` is set)
//!        └──────── commands ("connect …", "take") ────▶ standard input;  figures ◀── standard output
//! ```

use crate::harness::{figure, percentile};
use anyhow::{Context as _, Result, ensure};
use model::RunId;
use server::{ListenOptions, Server, ServerOptions, auth::Mode, bind, raise_file_limit, serve};
use std::{
    cell::RefCell,
    net::SocketAddr,
    process::Stdio,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use store::Store;
use stream::{
    Commit, Hub, HubOptions,
    fixture::{Fixture, Made},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdin, ChildStdout, Command},
};
use tokio_util::sync::CancellationToken;

/// Set in the process that plays the clients.
const CLIENT: &str = "HEADWAY_BENCH_CLIENT";
/// Streams in all.
const STREAMS: usize = 10_000;
/// Runs that they follow.
const RUNS: usize = 1_000;
/// Deliveries a second.
const DELIVERIES_PER_S: usize = 10_000;
/// How long deliveries are measured.
const SECONDS: usize = 10;
/// Events sent to all followers of one run.
const FANOUTS: usize = 20;
/// Streams of other runs while one run's event goes to all others.
const BYSTANDERS: usize = 500;
/// Bytes that the bare loop writes, as many as an event's frame and the figures with it have.
const BARE_BYTES: usize = 900;
/// Connections that poll.
const POLLERS: usize = 16;
/// Requests on the way on each of them.
const PIPELINE: usize = 16;
/// How long polling is measured.
const POLL_SECONDS: f64 = 3.0;

/// `stream_p99_ms`, `stream_kb`, `fanout_p99_ms`, `not_modified_per_s`, each beside what belongs to it.
pub(crate) async fn run() -> Result<()> {
    raise_file_limit();
    let bed = Bed::open().await?;
    bed.deliveries().await?;
    bed.fanout().await?;
    bed.polling().await?;
    bed.stop.cancel();
    Ok(())
}

/// Plays the clients where this process was started for that; `true` says that it was.
pub(crate) fn client() -> Result<bool> {
    let Ok(address) = std::env::var(CLIENT) else { return Ok(false) };
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, play(address.parse()?))?;
    Ok(true)
}

/// A server with made-up runs.
struct Bed {
    runs: Arc<Fixture>,
    address: SocketAddr,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Bed {
    async fn open() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let migrations = [store::MIGRATIONS, server::MIGRATIONS].concat();
        let db = db::Db::open(db::Options::new(folder.path().join("headway.db")), &migrations)?;
        let store = Store::open(db, "bench").await?;
        let hub = Hub::open(store.clone(), HubOptions::default()).await?;
        let engine = engine::Engine::open(engine::EngineOptions {
            store: store.clone(),
            hub: hub.clone(),
            registry: activity::Registry::default(),
            pipelines: Vec::new(),
            name: "bench".to_owned(),
            limits: engine::LimitOptions::default(),
            retention: engine::Retention::default(),
            lease: None,
            dispatch: engine::Dispatch::All,
            relay: engine::RelayOptions::default(),
        })
        .await?;
        let options =
            ServerOptions { mode: Mode::Development, rate: None, ..ServerOptions::new(engine, hub.clone()) };
        let made = Server::new(options).await?;
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, made, ListenOptions::default(), stop.clone()));
        let runs = Fixture::over(store, hub).await.map_err(boxed)?;
        Ok(Self { runs: Arc::new(runs), address, stop, _folder: folder })
    }

    async fn new_runs(&self, count: usize) -> Result<Vec<RunId>> {
        let mut runs = Vec::with_capacity(count);
        for _ in 0..count {
            runs.push(self.runs.run().await.map_err(boxed)?);
        }
        Ok(runs)
    }

    /// 1,000 runs, ten streams each, 10,000 deliveries a second.
    async fn deliveries(&self) -> Result<()> {
        let runs = self.new_runs(RUNS).await?;
        // The store's caches are not the streams': they are filled before.
        for chunk in runs.chunks(100).cycle().take(100) {
            let mut sending = tokio::task::JoinSet::new();
            for run in chunk.iter().copied() {
                let fixture = Arc::clone(&self.runs);
                sending.spawn(async move { send(&fixture, run).await });
            }
            for sent in sending.join_all().await {
                sent?;
            }
        }
        let mut clients = Clients::start(self.address).await?;
        let before = resident_kb();
        let begun = Instant::now();
        clients.connect(&runs, STREAMS / RUNS).await?;
        figure("stream_open_per_s", STREAMS as f64 / begun.elapsed().as_secs_f64(), "streams/s");
        let each = STREAMS / RUNS;
        let every = Duration::from_secs(1) / u32::try_from(DELIVERIES_PER_S / each)?;
        let mut due = tokio::time::interval(every);
        due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
        let events = SECONDS * DELIVERIES_PER_S / each;
        let begun = Instant::now();
        for n in 0..events {
            due.tick().await;
            let (fixture, run) = (Arc::clone(&self.runs), runs[n % runs.len()]);
            tokio::spawn(async move {
                if let Err(error) = send(&fixture, run).await {
                    eprintln!("an event was not sent: {error}");
                }
            });
        }
        let took = begun.elapsed().as_secs_f64();
        let kb = (resident_kb() - before) / STREAMS as f64;
        let mut samples = clients.take(events * each).await?;
        figure("stream_deliveries_per_s", samples.len() as f64 / took, "deliveries/s (10,000 asked for)");
        figure("stream_p50_ms", percentile(&mut samples, 0.5), "ms from commit");
        figure("stream_p99_ms", percentile(&mut samples, 0.99), "ms from commit (mark: 10)");
        figure("stream_kb", kb, "KB a stream (mark: 15)");
        clients.end().await
    }

    /// One event to 10,000 followers, again and again, while others get theirs.
    async fn fanout(&self) -> Result<()> {
        let one = self.new_runs(1).await?;
        let others = self.new_runs(BYSTANDERS / 10).await?;
        let mut clients = Clients::start(self.address).await?;
        let mut bystanders = Clients::start(self.address).await?;
        clients.connect(&one, STREAMS - BYSTANDERS).await?;
        bystanders.connect(&others, 10).await?;
        let mut told = 0;
        for n in 0..FANOUTS {
            send(&self.runs, one[0]).await?;
            for m in 0..10 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                send(&self.runs, others[(n * 10 + m) % others.len()]).await?;
                told += 10;
            }
        }
        let mut samples = clients.take(FANOUTS * (STREAMS - BYSTANDERS)).await?;
        let (half, most) = (percentile(&mut samples, 0.5), percentile(&mut samples, 0.99));
        figure("fanout_p50_ms", half, "ms, one event to 9,500 followers");
        figure("fanout_p99_ms", most, "ms, one event to 9,500 followers (mark: 150)");
        let mut samples = bystanders.take(told).await?;
        figure("fanout_others_p99_ms", percentile(&mut samples, 0.99), "ms, other runs meanwhile (mark: 20)");
        clients.end().await?;
        bystanders.end().await?;
        let mut samples = self.bare_fanout().await?;
        let (bare_half, bare_most) = (percentile(&mut samples, 0.5), percentile(&mut samples, 0.99));
        figure("fanout_bare_p50_ms", bare_half, "ms, a loop that writes the same bytes to as many sockets");
        figure("fanout_bare_p99_ms", bare_most, "ms, a loop that writes the same bytes to as many sockets");
        figure("fanout_p50_ratio", half / bare_half, "times the bare loop's");
        figure("fanout_p99_ratio", most / bare_most, "times the bare loop's");
        Ok(())
    }

    /// The limit: the same bytes to as many sockets, written by a loop that does nothing else.
    async fn bare_fanout(&self) -> Result<Vec<f64>> {
        let mut clients = Clients::start(self.address).await?;
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = listener.local_addr()?;
        let count = STREAMS - BYSTANDERS;
        let accepting = tokio::spawn(async move {
            let mut sockets = Vec::with_capacity(count);
            while sockets.len() < count {
                let socket = listener.accept().await?.0;
                socket.set_nodelay(true)?;
                sockets.push(socket.into_std()?);
            }
            anyhow::Ok(sockets)
        });
        clients.command(&format!("bare {address} {count}")).await?;
        let sockets = accepting.await??;
        let writing = tokio::task::spawn_blocking(move || {
            let padding = "x".repeat(BARE_BYTES);
            for _ in 0..FANOUTS {
                let bytes = format!("data: {{\"message\":\"{padding}\",\"t\":{}}}\n\n", nanos());
                for mut socket in &sockets {
                    std::io::Write::write_all(&mut socket, bytes.as_bytes())?;
                }
                std::thread::sleep(Duration::from_millis(500));
            }
            anyhow::Ok(sockets)
        });
        writing.await??;
        let samples = clients.take(FANOUTS * count).await?;
        clients.end().await?;
        Ok(samples)
    }

    /// Polling where nothing has changed, beside a route that answers 304 and nothing else.
    async fn polling(&self) -> Result<()> {
        let run = self.new_runs(1).await?[0];
        let mut clients = Clients::start(self.address).await?;
        let path = format!("/api/v1/runs/{run}/progress");
        let ours = clients.poll(self.address, &path).await?;
        let bare = axum::Router::new()
            .route("/bare", axum::routing::get(|| async { http::StatusCode::NOT_MODIFIED }));
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = listener.local_addr()?;
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream: &mut TcpStream| {
            // Its own default would wait for more to send.
            let _ = stream.set_nodelay(true);
        });
        let serving = tokio::spawn(async move { axum::serve(listener, bare).await });
        let ceiling = clients.poll(address, "/bare").await?;
        serving.abort();
        figure("not_modified_per_s", ours, "answers/s (mark: 20,000)");
        figure("not_modified_ceiling_per_s", ceiling, "answers/s of a bare route");
        clients.end().await
    }
}

/// Stores an event, and tells the hub with the time of its commit.
async fn send(fixture: &Fixture, run: RunId) -> Result<()> {
    let padding = "x".repeat(100);
    let made = Made::new("log", "item", format!(r#"{{"level":"info","message":"{padding}"}}"#));
    let Commit { record, mut events } = fixture.store_only(run, vec![made]).await.map_err(boxed)?;
    for event in &mut events {
        event.data = Some(Arc::from(format!(r#"{{"level":"info","message":"{padding}","t":{}}}"#, nanos())));
    }
    fixture.hub.commit(Commit { record, events });
    Ok(())
}

fn boxed(error: Box<dyn std::error::Error + Send + Sync>) -> anyhow::Error {
    anyhow::anyhow!("{error}")
}

/// Now, on the clock that both processes share.
fn nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or_default()
}

/// Resident memory of this process, in KB.
fn resident_kb() -> f64 {
    crate::harness::resident_mb() * 1e6 / 1_024.0
}

/// The process that plays the clients.
struct Clients {
    child: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Clients {
    async fn start(address: SocketAddr) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .env(CLIENT, address.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let commands = child.stdin.take().context("no input")?;
        let answers = BufReader::new(child.stdout.take().context("no output")?).lines();
        Ok(Self { child, commands, answers })
    }

    async fn command(&mut self, command: &str) -> Result<String> {
        self.commands.write_all(format!("{command}\n").as_bytes()).await?;
        self.answers.next_line().await?.context("the clients have ended")
    }

    /// Opens streams, so many for each run; comes back when each has its snapshot.
    async fn connect(&mut self, runs: &[RunId], each: usize) -> Result<()> {
        let runs: Vec<String> = runs.iter().map(ToString::to_string).collect();
        self.command(&format!("connect {each} {}", runs.join(" "))).await?;
        Ok(())
    }

    /// The delays of all deliveries, in milliseconds, when `expected` have come.
    async fn take(&mut self, expected: usize) -> Result<Vec<f64>> {
        let answer = self.command(&format!("take {expected}")).await?;
        let samples: Vec<f64> = answer.split(' ').filter_map(|word| word.parse().ok()).collect();
        ensure!(samples.len() == expected, "{} of {expected} deliveries came", samples.len());
        Ok(samples)
    }

    async fn poll(&mut self, address: SocketAddr, path: &str) -> Result<f64> {
        Ok(self.command(&format!("poll {address} {path}")).await?.parse()?)
    }

    async fn end(mut self) -> Result<()> {
        drop(self.commands);
        self.child.wait().await?;
        Ok(())
    }
}

type Samples = Rc<RefCell<Vec<u64>>>;

/// The clients' side: does what the lines of standard input say.
async fn play(address: SocketAddr) -> Result<()> {
    let samples: Samples = Rc::default();
    let (sender, mut commands) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = commands.recv().await {
        let mut words = line.split(' ');
        match words.next() {
            Some("connect") => {
                let each: usize = words.next().context("how many?")?.parse()?;
                for run in words {
                    for _ in 0..each {
                        let stream = open(address, run).await?;
                        tokio::task::spawn_local(listen(stream, Rc::clone(&samples)));
                    }
                }
                println!("connected");
            }
            Some("bare") => {
                let address: SocketAddr = words.next().context("where?")?.parse()?;
                let count: usize = words.next().context("how many?")?.parse()?;
                for _ in 0..count {
                    let stream = TcpStream::connect(address).await?;
                    tokio::task::spawn_local(listen(stream, Rc::clone(&samples)));
                }
                println!("connected");
            }
            Some("take") => {
                let expected: usize = words.next().context("how many?")?.parse()?;
                let begun = Instant::now();
                while samples.borrow().len() < expected && begun.elapsed() < Duration::from_secs(10) {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                let taken = std::mem::take(&mut *samples.borrow_mut());
                let words: Vec<String> =
                    taken.iter().map(|nanos| format!("{:.3}", *nanos as f64 / 1e6)).collect();
                println!("{}", words.join(" "));
            }
            Some("poll") => {
                let address: SocketAddr = words.next().context("where?")?.parse()?;
                println!("{}", poll(address, words.next().context("what?")?).await?);
            }
            _ => anyhow::bail!("not a command: {line}"),
        }
    }
    Ok(())
}

/// Opens a stream, and reads until its snapshot has begun.
async fn open(address: SocketAddr, run: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /api/v1/runs/{run}/stream HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = Vec::new();
    while !contains(&text, b"event: snapshot") {
        stream.readable().await?;
        match stream.try_read_buf(&mut text) {
            Ok(0) => anyhow::bail!("closed: {}", String::from_utf8_lossy(&text)),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(stream)
}

/// Notes the delay of each event that comes.
async fn listen(stream: TcpStream, samples: Samples) {
    thread_local! {
        // One for all: nothing is kept from one read to the next.
        static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 * 1024]);
    }
    while stream.readable().await.is_ok() {
        let ended = BUFFER.with_borrow_mut(|buffer| match stream.try_read(buffer) {
            Ok(0) => true,
            Ok(count) => {
                note(&buffer[..count], &samples);
                false
            }
            Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
        });
        if ended {
            return;
        }
    }
}

fn note(bytes: &[u8], samples: &Samples) {
    const MARK: &[u8] = b"\"t\":";
    let now = nanos();
    let mut rest = bytes;
    while let Some(at) = find(rest, MARK) {
        rest = &rest[at + MARK.len()..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
        let sent = digits.fold(0_u64, |number, byte| number * 10 + u64::from(byte - b'0'));
        samples.borrow_mut().push(now.saturating_sub(sent));
    }
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    find(bytes, what).is_some()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == first) {
        if bytes[from + at..].starts_with(what) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// Asks again and again for what has not changed; answers a second.
async fn poll(address: SocketAddr, path: &str) -> Result<f64> {
    let first = ask_once(address, path).await?;
    let etag = first.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap_or("\"none\"").to_owned();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nif-none-match: {etag}\r\n\r\n");
    let until = Instant::now() + Duration::from_secs_f64(POLL_SECONDS);
    let mut tasks = Vec::new();
    for _ in 0..POLLERS {
        tasks.push(tokio::task::spawn_local(poll_on(address, request.repeat(PIPELINE), until)));
    }
    let mut answers = 0;
    for task in tasks {
        answers += task.await??;
    }
    Ok(answers as f64 / POLL_SECONDS)
}

async fn ask_once(address: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Keeps a few requests on the way; counts the answers, which all have the same length.
async fn poll_on(address: SocketAddr, requests: String, until: Instant) -> Result<usize> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0_u8; 64 * 1024];
    let mut answers = 0;
    while Instant::now() < until {
        stream.write_all(requests.as_bytes()).await?;
        let mut came = 0;
        while came < PIPELINE {
            let count = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer).await?;
            ensure!(count > 0, "closed");
            let mut rest = &buffer[..count];
            while let Some(at) = find(rest, b"HTTP/1.1 ") {
                ensure!(rest[at..].starts_with(b"HTTP/1.1 304"), "not a 304");
                came += 1;
                rest = &rest[at + 9..];
            }
        }
        answers += came;
    }
    Ok(answers)
}
