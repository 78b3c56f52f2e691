//! TLS as it ends here: one crypto provider, named where it is used, HTTP/2 and HTTP/1.1 by ALPN.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate and key that cannot be served with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate chain is not PEM.
    #[error("read the certificate chain: expect PEM with the server's certificate first")]
    Certificate(#[source] rustls::pki_types::pem::Error),
    /// The chain has no certificate.
    #[error("read the certificate chain: it holds no certificate")]
    NoCertificate,
    /// The key is not PEM.
    #[error("read the private key: expect one PEM key (PKCS#8, PKCS#1 or SEC1)")]
    Key(#[source] rustls::pki_types::pem::Error),
    /// Certificate and key do not belong together, or are of a kind we do not speak.
    #[error("use the certificate with its key")]
    Pair(#[source] rustls::Error),
}

/// TLS 1.2 and 1.3 with that certificate chain and private key, both PEM.
///
/// # Errors
/// [`TlsError`] where they are not PEM or do not belong together.
pub fn tls(chain: &[u8], key: &[u8]) -> Result<Arc<rustls::ServerConfig>, TlsError> {
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(TlsError::Certificate)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(TlsError::Key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|versions| versions.with_no_client_auth().with_single_cert(chain, key))
        .map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
