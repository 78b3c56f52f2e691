//! TLS as it ends here: one crypto provider, named where it is used, HTTP/2 and HTTP/1.1 by ALPN, and a certificate
//! that can be replaced while connections go on.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// A certificate and key that cannot be served with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate chain is not PEM.
    #[error("cannot read the certificate chain: not PEM with the server's certificate first")]
    Certificate(#[source] rustls::pki_types::pem::Error),
    /// The chain has no certificate.
    #[error("cannot read the certificate chain: it holds no certificate")]
    NoCertificate,
    /// The server's certificate does not say until when it is valid.
    #[error("cannot read the certificate: not X.509")]
    NotX509,
    /// The key is protected by a passphrase.
    #[error("cannot read the private key: it is encrypted; decrypt it (openssl pkey) and chmod 600 it")]
    Encrypted,
    /// The key is not PEM.
    #[error("cannot read the private key: not one PEM key (PKCS#8, PKCS#1 or SEC1)")]
    Key(#[source] rustls::pki_types::pem::Error),
    /// The chain begins with an authority's certificate.
    #[error("cannot use the certificate chain: it is reversed; put the server's certificate first")]
    Reversed,
    /// Certificate and key do not belong together.
    #[error("cannot use the certificate: the private key belongs to another certificate")]
    Mismatch,
    /// Of a kind we do not speak.
    #[error("cannot use the certificate with its key")]
    Pair(#[source] rustls::Error),
}

fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

/// A certificate chain with its private key, checked.
#[derive(Debug)]
pub struct Certified {
    key: Arc<CertifiedKey>,
    expires: i64,
}

impl Certified {
    /// Reads both as PEM.
    ///
    /// # Errors
    /// [`TlsError`] where they are not PEM or do not belong together.
    pub fn read(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(TlsError::Certificate)?;
        let server = chain.first().ok_or(TlsError::NoCertificate)?;
        let expires = not_after(server).ok_or(TlsError::NotX509)?;
        let text = String::from_utf8_lossy(key);
        if text.contains("ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(TlsError::Encrypted);
        }
        let pair = |chain: Vec<CertificateDer<'static>>| {
            let key = PrivateKeyDer::from_pem_slice(key).map_err(TlsError::Key)?;
            let pair = CertifiedKey::from_der(chain, key, &provider());
            let mismatch = matches!(pair, Err(rustls::Error::InconsistentKeys(_)));
            pair.map_err(|reason| if mismatch { TlsError::Mismatch } else { TlsError::Pair(reason) })
        };
        match pair(chain.clone()) {
            Ok(key) => Ok(Self { key: Arc::new(key), expires }),
            Err(TlsError::Mismatch) if chain.iter().skip(1).any(|one| pair(vec![one.clone()]).is_ok()) => {
                Err(TlsError::Reversed)
            }
            Err(reason) => Err(reason),
        }
    }

    /// The last second since 1970 at which the server's certificate is valid.
    pub const fn expires(&self) -> i64 {
        self.expires
    }
}

/// The certificate that is shown now.
#[derive(Debug)]
pub struct Certificates(RwLock<Arc<CertifiedKey>>);

impl Certificates {
    /// Shows that one.
    pub fn new(certified: Certified) -> Self {
        Self(RwLock::new(certified.key))
    }

    /// Shows another from now on; connections that are open go on.
    pub fn replace(&self, certified: Certified) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = certified.key;
    }

    /// TLS 1.2 and 1.3 that always shows the newest.
    ///
    /// # Errors
    /// [`TlsError`] where the provider speaks neither.
    pub fn config(self: &Arc<Self>) -> Result<Arc<rustls::ServerConfig>, TlsError> {
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Self>::clone(self);
        let builder = rustls::ServerConfig::builder_with_provider(Arc::new(provider()));
        let mut config = builder
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Pair)?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        // Tickets are sealed and kept by the client: the house keeps nothing for each, so that none crowds out another.
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(TlsError::Pair)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The end of validity of a certificate (RFC 5280 §4.1): the second time in the fifth field of what is signed, the
/// version aside.
fn not_after(certificate: &[u8]) -> Option<i64> {
    const SEQUENCE: u8 = 0x30;
    let (_, outer, _) = element(certificate)?;
    let (_, mut signed, _) = element(outer)?;
    let (tag, _, rest) = element(signed)?;
    if tag == 0xa0 {
        signed = rest;
    }
    // Number, algorithm, issuer.
    for _ in 0..3 {
        (_, _, signed) = element(signed)?;
    }
    let (tag, validity, _) = element(signed)?;
    let (_, _, rest) = element(validity)?;
    let (kind, time, _) = element(rest)?;
    let time = std::str::from_utf8(time).ok()?.strip_suffix('Z')?;
    let full = match kind {
        // Two digits of the year: 1950 to 2049.
        0x17 if time.get(..2)? < "50" => format!("20{time}"),
        0x17 => format!("19{time}"),
        0x18 => time.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| full.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let seconds = part(8, 10)? * 3_600 + part(10, 12)? * 60 + part(12, 14)?;
    let is_a_day = (1..=12).contains(&month) && (1..=31).contains(&day);
    (tag == SEQUENCE && is_a_day).then(|| days(year, month, day) * 86_400 + seconds)
}

/// Days since 1970 of a day of the Gregorian calendar: years begin in March, so that the leap day is the last.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month < 3 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

/// The first element of DER: tag, content, and what follows.
fn element(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = octets.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = digits
            .iter()
            .try_fold(0_usize, |sum, digit| sum.checked_mul(256)?.checked_add(usize::from(*digit)))?;
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &[u8] = include_bytes!("test-certificate.pem");
    const KEY: &[u8] = include_bytes!("test-key.pem");

    #[test]
    fn a_certificate_says_until_when_it_is_valid() {
        let certified = Certified::read(CERTIFICATE, KEY).unwrap();
        assert!(certified.expires() > days(2026, 1, 1) * 86_400, "{}", certified.expires());
        assert_eq!([days(1970, 1, 1), days(2000, 2, 29), days(2026, 11, 28)], [0, 11_016, 20_785]);
        let der = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
        // Cut anywhere it is refused and nothing panics.
        assert!((0..der.len() / 2).all(|length| not_after(&der[..length]).is_none()));
    }

    #[test]
    fn what_cannot_be_served_with_is_named() {
        let refused = |chain: &[u8], key: &[u8]| Certified::read(chain, key).unwrap_err().to_string();
        assert!(refused(b"", KEY).contains("no certificate"));
        assert!(refused(CERTIFICATE, b"").contains("not one PEM key"));
        let encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert!(refused(CERTIFICATE, encrypted).contains("it is encrypted"));
        let other = include_bytes!("../../drill/src/kit/harness/localhost-key.pem");
        assert!(refused(CERTIFICATE, other).contains("another certificate"));
        let authority = include_bytes!("../../drill/src/kit/harness/localhost-certificate.pem");
        let reversed = [&authority[..], CERTIFICATE].concat();
        assert!(refused(&reversed, KEY).contains("it is reversed"));
    }
}
