package dev.tanren.controlplane.security;

import io.quarkus.security.identity.request.BaseAuthenticationRequest;
import org.jspecify.annotations.Nullable;

/// The question whose a credential is.
final class CredentialRequest extends BaseAuthenticationRequest {

    private final Credential credential;
    private final String address;
    private volatile @Nullable Caller former;

    /// @param address that the request came from
    CredentialRequest(Credential credential, String address) {
        this.credential = credential;
        this.address = address;
    }

    Credential credential() {
        return credential;
    }

    /// Keeps whose the credential was while it was good.
    void belongedTo(Caller caller) {
        former = caller;
    }

    @Nullable Caller former() {
        return former;
    }

    String address() {
        return address;
    }
}
