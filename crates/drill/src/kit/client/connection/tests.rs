use tokio::net::TcpListener;

use super::*;

/// A server that says `words` on each connection, one for each request it gets, and then closes.
async fn says(words: &'static [&'static str]) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target::new(listener.local_addr().unwrap(), false).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = Vec::new();
                for word in words {
                    while !asked.ends_with(b"\r\n\r\n") {
                        if stream.read_buf(&mut asked).await.unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    asked.clear();
                    stream.write_all(word.as_bytes()).await.unwrap();
                }
            });
        }
    });
    target
}

fn limits() -> Limits {
    Limits { time: Duration::from_secs(5), head_octets: 4096, body_octets: 4096 }
}

#[tokio::test]
async fn one_connection_carries_answers_of_every_framing() {
    let target = says(&[
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsized",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nchu\r\n4\r\nnked\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 500 Oh\r\n\r\nuntil the end",
    ])
    .await;
    let mut connection = Connection::open(target, limits()).await.unwrap();
    for (status, body) in [(200, "sized"), (200, "chunked"), (304, ""), (500, "until the end")] {
        let Exchange { answer, broken } = connection.exchange(&Request::get("/")).await;
        assert!(broken.is_none() && answer.is_whole, "{broken:?}");
        assert_eq!((answer.status, answer.text().as_str()), (status, body));
        assert_eq!(
            answer.header("A").collect::<Vec<_>>(),
            if body == "chunked" { vec!["b"] } else { vec![] }
        );
    }
}

#[tokio::test]
async fn what_came_of_a_broken_answer_is_kept() {
    for (words, kept) in [
        (&["HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf of it"], "half of it"),
        (&["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhalf of it"], "half of it"),
        (&["no HTTP"], "no HTTP"),
    ] {
        let mut connection = Connection::open(says(words).await, limits()).await.unwrap();
        let Exchange { answer, broken } = connection.exchange(&Request::get("/")).await;
        assert!(broken.is_some() && !answer.is_whole);
        assert_eq!(if answer.body.is_empty() { &answer.head } else { &answer.body }, kept.as_bytes());
    }
    let mut connection =
        Connection::open(says(&["HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"]).await, limits())
            .await
            .unwrap();
    let broken = connection.exchange(&Request::get("/")).await.broken;
    assert!(matches!(broken, Some(Broken::TooLarge(4096))), "{broken:?}");
}

#[tokio::test]
async fn an_answer_nobody_asked_for_is_kept_apart() {
    let target = says(&["HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 stray\r\n\r\n"]).await;
    let mut connection = Connection::open(target, limits()).await.unwrap();
    assert_eq!(connection.exchange(&Request::get("/")).await.answer.status, 204);
    assert_eq!(connection.stray(), b"HTTP/1.1 200 stray\r\n\r\n");
}

#[tokio::test]
async fn a_client_leaves_when_it_likes_and_keeps_what_came() {
    let target = says(&["HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nthe beginning"]).await;
    let request = Request::get("/");
    for (leave, came) in [
        (Leave::AfterSending(3), false),
        (Leave::AfterWaiting(Duration::from_millis(500)), true),
        (Leave::AfterReceiving(10), true),
    ] {
        let connection = Connection::open(target, limits()).await.unwrap();
        assert_eq!(!connection.leave(&request, leave).await.is_empty(), came, "{leave:?}");
    }
}
