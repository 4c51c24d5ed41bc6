//! Remembers why a certificate was refused where the layer above passes only a text on.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::{Client, Ready};
use crate::dns::Failure;

/// Whether, in one handshake, the certificate was refused.
pub(in crate::probe) struct Refusal<'a> {
    recorder: Arc<Recorder>,
    client: &'a Client,
    server: IpAddr,
}

impl<'a> Ready<'a> {
    /// What one handshake goes by, and where it leaves why it was refused.
    pub(in crate::probe) fn recorded(&self, server: IpAddr) -> (ClientConfig, Refusal<'a>) {
        let recorder = Arc::new(Recorder {
            verifier: Arc::clone(&self.loaded.verifier),
            error: Mutex::default(),
        });
        let mut config = ClientConfig::clone(&self.loaded.config);
        let verifier = Arc::clone(&recorder) as Arc<dyn ServerCertVerifier>;
        config.dangerous().set_certificate_verifier(verifier);
        let client = self.client;
        (
            config,
            Refusal {
                recorder,
                client,
                server,
            },
        )
    }
}

impl Refusal<'_> {
    /// Why it was refused, if it was.
    pub(in crate::probe) fn failure(&self) -> Option<Failure> {
        let error = self.recorder.error.lock();
        let error = error.unwrap_or_else(PoisonError::into_inner);
        let verifier = &self.recorder.verifier;
        Some(self.client.refused(self.server, verifier, error.as_ref()?))
    }
}

#[derive(Debug)]
struct Recorder {
    verifier: Arc<dyn ServerCertVerifier>,
    error: Mutex<Option<Error>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verifier = &self.verifier;
        let result =
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        if let Err(error) = &result {
            let mut kept = self.error.lock().unwrap_or_else(PoisonError::into_inner);
            *kept = Some(error.clone());
        }
        result
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
