//! Servers that are killed, that stop, and that stand behind a proxy.

use crate::{
    child::ServerProcess,
    client::{Client, PATIENCE},
    world::{World, logs},
};
use headway_server::{ListenOptions, raise_file_limit};
use model::RunId;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use store::Store;
use stream::fixture::Made;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// How often the server is killed.
const KILLS: u64 = 20;
/// Streams that end at once.
const STREAMS: usize = 10_000;

/// A proxy that answers 502 while there is nothing behind it.
struct Proxy {
    address: SocketAddr,
    behind: Arc<Mutex<Option<SocketAddr>>>,
    refused: Arc<AtomicUsize>,
}

impl Proxy {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let behind: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
        let refused: Arc<AtomicUsize> = Arc::default();
        let (target, count) = (Arc::clone(&behind), Arc::clone(&refused));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let target = *target.lock().unwrap();
                tokio::spawn(Self::pass(client, target, Arc::clone(&count)));
            }
        });
        Self { address, behind, refused }
    }

    async fn pass(mut client: TcpStream, target: Option<SocketAddr>, refused: Arc<AtomicUsize>) {
        let server = match target {
            Some(address) => TcpStream::connect(address).await.ok(),
            None => None,
        };
        if let Some(mut server) = server {
            // Either side may go at any time; the other is closed with it.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            return;
        }
        refused.fetch_add(1, Ordering::Relaxed);
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            if client.read_buf(&mut request).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let answer = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = client.write_all(answer).await;
    }
}

/// Follows run 1 to its end, over and over again with the last id; answers the numbers of all events.
async fn follow_through(proxy: SocketAddr) -> Vec<i64> {
    let (mut id, mut got) = ("first.0".to_owned(), Vec::new());
    loop {
        let path = format!("/api/v1/runs/{}/stream?cursor=first.0", RunId(1));
        let mut client = Client::ask(proxy, &path, &format!("last-event-id: {id}\r\n")).await;
        while client.status != 204 && client.status != 502 && client.read().await {}
        for frame in client.frames() {
            id = frame.id.unwrap_or(id);
            if frame.event == "event" {
                got.push(frame.data["feed_seq"].as_i64().unwrap());
            }
        }
        match client.status {
            204 => return got,
            // What a client does that was told nothing: it comes back a little later.
            502 | 0 => tokio::time::sleep(Duration::from_millis(20)).await,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_under_load_behind_a_proxy_that_answers_502_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = Proxy::open().await;
    let mut clients = JoinSet::new();
    for _ in 0..10 {
        clients.spawn(follow_through(proxy.address));
    }
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..KILLS {
        let mut server = ServerProcess::start(folder.path()).await;
        server.tell("load").await;
        *proxy.behind.lock().unwrap() = Some(server.address);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // The moment of the kill is what is drawn; nothing is waited for.
        tokio::time::sleep(Duration::from_millis(30 + random % 250)).await;
        server.kill().await;
    }
    let refused = proxy.refused.load(Ordering::Relaxed);
    let mut server = ServerProcess::start(folder.path()).await;
    *proxy.behind.lock().unwrap() = Some(server.address);
    server.tell("finish").await;
    let got = tokio::time::timeout(PATIENCE * 3, clients.join_all()).await.expect("all get the end");
    server.tell("stop").await;
    assert!(server.ended().await.success());

    let db = db::Db::open(db::Options::new(folder.path().join("headway.db")), store::MIGRATIONS);
    let store = Store::open(db.unwrap(), "other").await.unwrap();
    let mut expect: Vec<i64> = Vec::new();
    loop {
        let from = expect.last().copied().unwrap_or(0);
        let page = store.events_since(RunId(1), from, &store::Kinds::Lossless, 500).await.unwrap();
        if page.is_empty() {
            break;
        }
        expect.extend(page.iter().map(|event| event.feed_seq));
    }
    assert!(expect.len() > 200, "{} events are no load", expect.len());
    assert!(refused > 0, "nobody was answered 502");
    for got in got {
        assert_eq!(got, expect);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_streams_drain_within_five_seconds() {
    if raise_file_limit() < STREAMS as u64 + 200 {
        eprintln!("not tested: this process may not open {STREAMS} sockets");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::start(folder.path()).await;
    let address = server.address;
    let mut opening = JoinSet::new();
    for _ in 0..50 {
        opening.spawn(async move {
            let mut clients = Vec::new();
            for _ in 0..STREAMS / 50 {
                let path = format!("/api/v1/runs/{}/stream", RunId(1));
                let mut client = Client::get(address, &path, "").await;
                client.until(|frame| frame.event == "snapshot").await;
                clients.push(client);
            }
            clients
        });
    }
    let clients: Vec<Client> = opening.join_all().await.into_iter().flatten().collect();
    let mut reading = JoinSet::new();
    for mut client in clients {
        reading.spawn(async move {
            let frames = client.rest().await;
            let last = frames.last().unwrap();
            (last.event.clone(), last.data["retry_ms"].as_u64())
        });
    }
    let began = Instant::now();
    server.tell("stop").await;
    let status = server.ended().await;
    let took = began.elapsed();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let mut retries = std::collections::HashSet::new();
    for (event, retry) in reading.join_all().await {
        assert_eq!(event, "bye");
        retries.insert(retry.unwrap());
    }
    assert!(retries.len() > 1_000, "they come back at different times");
    eprintln!("{STREAMS} streams drained in {took:?}");
}

/// nginx as Debian has it, with all its buffering; ended when dropped.
struct Nginx(std::process::Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Nginx {
    fn program() -> Option<PathBuf> {
        ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "/opt/homebrew/bin/nginx"]
            .iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
    }

    async fn before(server: SocketAddr, folder: &Path, program: &Path) -> (Self, SocketAddr) {
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|name| format!("{name}_temp_path {}/{name};\n", folder.display()))
            .collect();
        let conf = format!(
            "daemon off; master_process off; pid {here}/pid; error_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temp}server {{ listen {address}; location / {{ proxy_pass http://{server}; }} }}\n}}\n",
            here = folder.display()
        );
        let path = folder.join("nginx.conf");
        std::fs::write(&path, conf).unwrap();
        let child = std::process::Command::new(program)
            .arg("-p")
            .arg(folder)
            .arg("-c")
            .arg(&path)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Self(child);
        let began = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            assert!(began.elapsed() < PATIENCE, "nginx does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (nginx, address)
    }
}

/// Where nginx is not installed there is nothing to see here; that the header is there is tested in any case.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_nginx_with_buffering_on_the_first_event_comes_within_100_ms() {
    let Some(program) = Nginx::program() else {
        eprintln!("not tested: nginx is not installed");
        return;
    };
    let world = World::open(ListenOptions::default()).await;
    let run = world.runs.run().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (_nginx, address) = Nginx::before(world.address, folder.path(), &program).await;
    let began = Instant::now();
    let mut client = Client::get(address, &format!("/api/v1/runs/{run}/stream"), "").await;
    client.until(|frame| frame.event == "snapshot").await;
    let opened = began.elapsed();
    assert!(opened < Duration::from_millis(100), "{opened:?}");
    assert_eq!(client.headers.get("x-accel-buffering"), None, "nginx has taken it to heart");
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let began = Instant::now();
        let sent = world.runs.append(run, logs(1)).await.unwrap()[0].feed_seq;
        client.until(|frame| frame.data["feed_seq"] == sent).await;
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < Duration::from_millis(100), "{slowest:?}");
    world.runs.append(run, vec![Made::completed()]).await.unwrap();
    assert_eq!(client.rest().await.last().unwrap().event, "end");
}
