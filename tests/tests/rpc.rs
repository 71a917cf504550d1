//! nfv-vim as a process, asked as nfv-vim-api asks it. Contract: vim-api 2.

#![allow(clippy::unwrap_used)]

use nfv_site::{Options, Site, configuration};
use nfv_vim_rpc::instance::Get;
use nfv_vim_rpc::network::{CreateNetwork, DeleteNetwork};
use nfv_vim_rpc::volume::{CreateVolume, GetVolume};
use nfv_vim_rpc::{
    ByUuid, FrameReader, LONGEST_ANSWER, Request, Response, ResponseBody as Body, ResultCode, frame,
};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(60);

async fn send(site: &Site, bytes: &[u8]) -> Vec<Response> {
    let mut stream = TcpStream::connect(("127.0.0.1", site.vim_ports().rpc)).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut bytes = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap().unwrap();
    let mut reader = FrameReader::new(LONGEST_ANSWER);
    reader.push(&bytes);
    let mut answers = Vec::new();
    while let Some(payload) = reader.next_payload().unwrap() {
        answers.push(Response::decode(&payload).unwrap());
    }
    answers
}

async fn ask(site: &Site, request: &Request) -> Vec<Response> {
    send(site, &frame(&request.encode()).unwrap()).await
}

/// Asks until the answers fit.
async fn until(site: &Site, request: &Request, fit: impl Fn(&[Response]) -> bool) -> Vec<Response> {
    let begun = Instant::now();
    loop {
        let answers = ask(site, request).await;
        if fit(&answers) {
            return answers;
        }
        assert!(begun.elapsed() < PATIENCE, "{request:?}: {answers:?} in: {}", site.tail("vim.out"));
        sleep(Duration::from_millis(200)).await;
    }
}

async fn site() -> Site {
    let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters/small.toml");
    let options =
        Options { cluster, settings: configuration::quick(), directory: None, lab_arguments: Vec::new() };
    let mut site = Site::start(&options).await.unwrap();
    site.start_vim().unwrap();
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", site.vim_ports().rpc)).await.is_err() {
        assert!(begun.elapsed() < PATIENCE, "{}", site.tail("vim.out"));
        sleep(Duration::from_millis(50)).await;
    }
    site
}

#[tokio::test]
async fn users_of_the_api_are_served_and_bad_clients_disturb_nobody() {
    let mut site = site().await;
    let all = Request::GetInstance(Get::all());
    let shown = until(&site, &all, |answers| answers.len() > 1).await;
    let Body::GetInstance(first) = &shown[0].body else { panic!("{shown:?}") };
    let uuid = first.uuid.clone().unwrap();

    // an idle one, one that breaks off, and nonsense
    let idle = TcpStream::connect(("127.0.0.1", site.vim_ports().rpc)).await.unwrap();
    drop(TcpStream::connect(("127.0.0.1", site.vim_ports().rpc)).await.unwrap());
    for bytes in [&b"GET / HTTP/1.0\r\n\r\n"[..], &frame(b"no JSON").unwrap(), &frame(b"{}").unwrap()] {
        assert_eq!(send(&site, bytes).await, []);
    }

    let stopped = ask(&site, &Request::StopInstance(ByUuid::new(uuid.clone()))).await;
    assert_eq!(stopped, [Response::success(Body::StopInstance(ByUuid::new(uuid.clone())))]);
    let locked = |answers: &[Response]| matches!(&answers[0].body, Body::GetInstance(shown) if shown.admin_state.as_deref() == Some("locked"));
    until(&site, &Request::GetInstance(Get::one(uuid)), locked).await;
    let nobody = ask(&site, &Request::StopInstance(ByUuid::new("nobody"))).await;
    assert_eq!(nobody, [Response::without(ResultCode::NotFound, Body::StopInstance)]);

    // what needs the cloud is answered when the cloud has answered
    let volume = CreateVolume { name: Some("v".to_owned()), size_gb: Some(1), ..CreateVolume::default() };
    let made = ask(&site, &Request::CreateVolume(volume)).await;
    let Body::CreateVolume(volume) = &made[0].body else { panic!("{made:?}") };
    assert_eq!(made[0].result, ResultCode::Success);
    let get = Request::GetVolume(GetVolume { get_all: false, filter_by_uuid: volume.uuid.clone() });
    assert_eq!(ask(&site, &get).await[0].result, ResultCode::Success);
    let network = CreateNetwork {
        name: Some("made-by-api".to_owned()),
        network_type: Some("vlan".to_owned()),
        segmentation_id: Some("77".to_owned()),
        physical_network: Some("physnet0".to_owned()),
        is_shared: Some(false),
    };
    let made = ask(&site, &Request::CreateNetwork(network.clone())).await;
    assert_eq!(made[0].result, ResultCode::Success, "{made:?} in: {}", site.tail("vim.out"));
    let again = ask(&site, &Request::CreateNetwork(network)).await;
    assert_eq!(again, [Response::without(ResultCode::Conflict, Body::CreateNetwork)]);
    let delete = DeleteNetwork { by_uuid: None, by_name: Some("made-by-api".to_owned()) };
    assert_eq!(ask(&site, &Request::DeleteNetwork(delete)).await[0].result, ResultCode::Success);

    drop(idle);
    site.stop_vim().await.unwrap();
}
