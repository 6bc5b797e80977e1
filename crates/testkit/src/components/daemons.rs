//! Container engines: Docker, Podman, containerd.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::process::{Process, free_port, run};

/// Is a running engine that speaks the Docker API.
pub struct Daemon {
    /// Its socket.
    pub socket: PathBuf,
    _process: Process,
    _folder: TempDir,
}

impl Daemon {
    /// Returns the socket's address as `DOCKER_HOST` and `CONTAINER_HOST` want it.
    pub fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Loads a docker-archive.
    pub fn load(&self, archive: &Path) -> Result<(), String> {
        let bytes = fs::read(archive).map_err(|error| error.to_string())?;
        let (status, answer) = unix_request(&self.socket, "POST", "/images/load", &bytes)?;
        let text = String::from_utf8_lossy(&answer);
        // An error in the middle comes as a line of the stream, after the status was sent.
        if status == 200 && !text.contains("\"error\"") {
            return Ok(());
        }
        Err(format!("load answered {status}: {text}"))
    }
}

/// Starts a Docker daemon without network. Needs root.
pub fn docker() -> Result<Daemon, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    start_docker(folder, &[])
}

/// Starts a Docker daemon that also listens on TCP and asks for certificates there. Returns it with
/// `tcp://127.0.0.1:port` and the folder of the client's keys, named as `DOCKER_CERT_PATH` wants.
pub fn docker_with_tls() -> Result<(Daemon, String, PathBuf), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let keys = folder.path().join("keys");
    fs::create_dir(&keys).map_err(|error| error.to_string())?;
    super::registry::certificate_authority(&keys)?;
    super::registry::sign(
        &keys,
        "key.pem",
        "cert.pem",
        "extendedKeyUsage=clientAuth\n",
    )?;
    let path = |name: &str| keys.join(name).display().to_string();
    let address = format!("tcp://127.0.0.1:{}", free_port()?);
    let daemon = start_docker(
        folder,
        &[
            "--host",
            &address,
            "--tlsverify",
            "--tlscacert",
            &path("ca.pem"),
            "--tlscert",
            &path("server.pem"),
            "--tlskey",
            &path("server.key"),
        ],
    )?;
    Ok((daemon, address, keys))
}

fn start_docker(folder: TempDir, more: &[&str]) -> Result<Daemon, String> {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (data, exec, pid) = (path("data"), path("exec"), path("pid"));
    let host = format!("unix://{}", path("docker.sock"));
    let mut arguments = vec![
        "--data-root",
        &data,
        "--exec-root",
        &exec,
        "--pidfile",
        &pid,
        "--host",
        &host,
        "--storage-driver",
        "vfs",
        "--iptables=false",
        "--ip6tables=false",
        "--bridge=none",
    ];
    arguments.extend(more);
    let process = Process::start("dockerd", &arguments, folder.path())?;
    ready(process, folder, "docker.sock")
}

/// Starts a Podman service.
pub fn podman() -> Result<Daemon, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let host = format!("unix://{}", path("podman.sock"));
    let process = Process::start(
        "podman",
        &[
            "--root",
            &path("root"),
            "--runroot",
            &path("run"),
            "--storage-driver",
            "vfs",
            "system",
            "service",
            "--time=0",
            &host,
        ],
        folder.path(),
    )?;
    ready(process, folder, "podman.sock")
}

fn ready(mut process: Process, folder: TempDir, socket: &str) -> Result<Daemon, String> {
    let socket = folder.path().join(socket);
    process.wait_for(|| matches!(unix_request(&socket, "GET", "/_ping", &[]), Ok((200, _))))?;
    Ok(Daemon {
        socket,
        _process: process,
        _folder: folder,
    })
}

/// Is a running containerd.
pub struct Containerd {
    /// Its socket.
    pub socket: PathBuf,
    _process: Process,
    _folder: TempDir,
}

impl Containerd {
    /// Starts a containerd of its own. Needs root.
    pub fn start() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path().display();
        let config = folder.path().join("config.toml");
        fs::write(
            &config,
            format!(
                "version = 2\nroot = '{path}/root'\nstate = '{path}/state'\n\
                 disabled_plugins = ['io.containerd.grpc.v1.cri', \
                 'io.containerd.internal.v1.opt', 'io.containerd.snapshotter.v1.devmapper', \
                 'io.containerd.snapshotter.v1.zfs', 'io.containerd.snapshotter.v1.btrfs', \
                 'io.containerd.snapshotter.v1.aufs']\n\
                 [grpc]\n  address = '{path}/containerd.sock'\n"
            ),
        )
        .map_err(|error| error.to_string())?;
        let mut process = Process::start(
            "containerd",
            &["--config", &config.display().to_string()],
            folder.path(),
        )?;
        let socket = folder.path().join("containerd.sock");
        let address = socket.display().to_string();
        process.wait_for(|| {
            socket.exists() && run("ctr", &["--address", &address, "version"]).is_ok()
        })?;
        Ok(Self {
            socket,
            _process: process,
            _folder: folder,
        })
    }

    /// Runs `ctr` in a namespace.
    pub fn ctr(&self, namespace: &str, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let address = self.socket.display().to_string();
        let mut all = vec!["--address", &address, "--namespace", namespace];
        all.extend(arguments);
        run("ctr", &all)
    }

    /// Imports an archive without unpacking it.
    pub fn import(&self, namespace: &str, archive: &Path, more: &[&str]) -> Result<(), String> {
        let archive = archive.display().to_string();
        let mut arguments = vec!["images", "import", "--no-unpack"];
        arguments.extend(more);
        arguments.push(&archive);
        self.ctr(namespace, &arguments).map(drop)
    }
}

/// Sends one HTTP request over a Unix socket; returns the status and the body.
pub fn unix_request(
    socket: &Path,
    method: &str,
    path: &str,
    body: &[u8],
) -> Result<(u16, Vec<u8>), String> {
    let exchange = || -> std::io::Result<Vec<u8>> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        // HTTP/1.0: the answer ends with the connection and is not chunked.
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/x-tar\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = exchange().map_err(|error| format!("{}: {error}", socket.display()))?;
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or("no HTTP answer")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|text| text.parse().ok())
        .ok_or("no HTTP status")?;
    Ok((status, answer[end + 4..].to_vec()))
}
