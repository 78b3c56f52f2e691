//! What a careful team would write without this project: axum, sqlx and PostgreSQL, with row-level security and an audit
//! row for each read, written in the transaction that reads.
//!
//! `honnin-peer SOCKETS PORT DATABASE FILE ACCOUNTS` fills the database with so many accounts, each with the answer in
//! the file, serves on a free port and prints the address. The token of account N is `token-N`.

use axum::Router;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Executor as _, Row as _};

/// The product's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Connections to the database: more of them wait for each other on one core.
const POOL: u32 = 8;

/// Tables, the policy that lets an account see its own row alone, and a role that is held by it.
const TABLES: &str = "
    create role reader login;
    create table sessions (
        token_hash bytea primary key,
        account bigint not null,
        expires_at timestamptz not null
    );
    create table homes (account bigint primary key, body text not null);
    create table audit (
        entry bigint generated always as identity primary key,
        at timestamptz not null default now(),
        account bigint not null,
        viewer text not null,
        act text not null,
        details text not null
    );
    alter table homes enable row level security;
    create policy own on homes using (account = current_setting('peer.account')::bigint);
    grant select on sessions, homes to reader;
    grant insert on audit to reader;
";

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Fills an empty database.
async fn fill(options: PgConnectOptions, body: &str, accounts: i64) {
    let owner = PgPoolOptions::new().max_connections(1).connect_with(options).await.expect("connect");
    owner.execute(TABLES).await.expect("make the tables");
    sqlx::query("insert into homes select number, $1 from generate_series(0, $2 - 1) number")
        .bind(body)
        .bind(accounts)
        .execute(&owner)
        .await
        .expect("fill the homes");
    for account in 0..accounts {
        sqlx::query("insert into sessions values ($1, $2, now() + interval '1 day')")
            .bind(hash(&format!("token-{account}")))
            .bind(account)
            .execute(&owner)
            .await
            .expect("fill the sessions");
    }
    owner.execute("vacuum analyze").await.expect("analyze");
    owner.close().await;
}

/// The home of whoever shows that token, read under the policy, with its audit row in the same transaction.
async fn read(pool: &PgPool, token: &str) -> Result<Option<String>, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let session = sqlx::query("select account from sessions where token_hash = $1 and expires_at > now()")
        .bind(hash(token))
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(session) = session else { return Ok(None) };
    let account: i64 = session.get(0);
    sqlx::query("select set_config('peer.account', $1, true)")
        .bind(account.to_string())
        .execute(&mut *transaction)
        .await?;
    let home = sqlx::query("select body from homes").fetch_optional(&mut *transaction).await?;
    sqlx::query("insert into audit (account, viewer, act, details) values ($1, 'self', 'home', $2)")
        .bind(account)
        .bind("request, session and device, as octets of about the length that ours have in the journal: 0123456789abcdef")
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(home.map(|row| row.get(0)))
}

async fn home(State(pool): State<PgPool>, headers: HeaderMap) -> Response {
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = shown.and_then(|shown| shown.strip_prefix("Bearer ")) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    match read(&pool, token).await {
        Ok(Some(body)) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Ok(None) => StatusCode::UNAUTHORIZED.into_response(),
        Err(error) => {
            eprintln!("peer: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, sockets, port, database, file, accounts] = arguments.as_slice() else {
        panic!("honnin-peer SOCKETS PORT DATABASE FILE ACCOUNTS");
    };
    let body = std::fs::read_to_string(file).expect("read the body");
    let port = port.parse().expect("a port");
    let accounts = accounts.parse().expect("a number of accounts");
    let options = |user: &str| {
        PgConnectOptions::new_without_pgpass()
            .socket(sockets)
            .port(port)
            .username(user)
            .database(database)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        fill(options("owner"), &body, accounts).await;
        let pool = PgPoolOptions::new().max_connections(POOL).min_connections(POOL);
        let pool = pool.connect_with(options("reader")).await.expect("connect");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().route("/api/v1/home", get(home)).with_state(pool);
        axum::serve(listener, router).await.expect("serve");
    });
}
