package dev.tanren.controlplane.security;

import io.quarkus.security.identity.request.BaseAuthenticationRequest;

/// The question whose a credential is.
final class CredentialRequest extends BaseAuthenticationRequest {

    private final Credential credential;
    private final String address;

    /// @param address that the request came from
    CredentialRequest(Credential credential, String address) {
        this.credential = credential;
        this.address = address;
    }

    Credential credential() {
        return credential;
    }

    String address() {
        return address;
    }
}
