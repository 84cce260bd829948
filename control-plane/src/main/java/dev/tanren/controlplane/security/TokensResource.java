package dev.tanren.controlplane.security;

import dev.tanren.controlplane.api.Page;
import dev.tanren.controlplane.endpoint.Answer;
import dev.tanren.controlplane.endpoint.Refuses;
import dev.tanren.controlplane.id.SortableIds;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.registry.Tokens.Token;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// API tokens, for administrators.
@Path("/api/v1/tokens")
@Produces(MediaType.APPLICATION_JSON)
public class TokensResource {

    /// Behind the last that can be written by RFC 3339.
    private static final Instant END_OF_TIMES = Instant.parse("+10000-01-01T00:00:00Z");

    private final PostgresRegistry registry;
    private final TokenDirectory directory;

    TokensResource(PostgresRegistry registry, TokenDirectory directory) {
        this.registry = registry;
        this.directory = directory;
    }

    /// @param name 1 to 63 letters, digits, `.`, `_`, `-` or `@`
    /// @param role `viewer`, `operator`, `approver` or `admin`
    /// @param expiresAt null for a token that does not expire
    public record NewToken(
            @Nullable String name, @Nullable String role, @Nullable Instant expiresAt) {}

    /// @param token the secret, which is shown this once
    public record IssuedToken(
            String id, String name, String role, String token, @Nullable Instant expiresAt) {}

    public record TokenView(
            String id,
            String name,
            String role,
            Instant createdAt,
            @Nullable Instant expiresAt,
            @Nullable Instant lastUsedAt,
            @Nullable Instant revokedAt) {}

    @GET
    @RolesAllowed(Roles.ADMIN)
    public Page<TokenView> list() {
        return new Page<>(
                registry.tokens().list().stream().map(TokensResource::view).toList(), null);
    }

    @POST
    @RolesAllowed(Roles.ADMIN)
    @Consumes(MediaType.APPLICATION_JSON)
    @Answer(
            status = 201,
            description = "The token, with its secret",
            of = IssuedToken.class,
            headers = "Location")
    public Response issue(NewToken wanted, RoutingContext request) {
        String name = wanted == null || wanted.name() == null ? "" : wanted.name();
        if (!name.matches("[\\w.@-]{1,63}")) {
            throw malformed("name", "1 to 63 letters, digits, '.', '_', '-' or '@'");
        }
        Role role = role(wanted.role());
        Instant expiresAt = wanted.expiresAt();
        if (expiresAt != null
                && !(expiresAt.isAfter(Instant.now()) && expiresAt.isBefore(END_OF_TIMES))) {
            throw malformed("expiresAt", "a time to come, before the year 10000");
        }
        String id = SortableIds.next();
        String secret = ApiTokens.generate();
        registry.tokens()
                .add(id, name, role, ApiTokens.hash(secret), expiresAt, Caller.actor(request));
        return Response.created(URI.create("/api/v1/tokens/" + id))
                .entity(new IssuedToken(id, name, Roles.key(role), secret, expiresAt))
                .build();
    }

    @DELETE
    @RolesAllowed(Roles.ADMIN)
    @Path("{id}")
    @Refuses(409)
    public void revoke(@PathParam("id") String id, RoutingContext request) {
        if (!registry.tokens().revoke(id, Caller.actor(request))) {
            throw missing(id);
        }
        directory.forgetAll();
    }

    /// Gives a token a new secret, which is shown this once; the old one and the sessions that were
    /// begun with it end. Whoever holds a token may do so with it, an administrator with any.
    ///
    /// @param id `self` for the one that the request is made with
    /// @throws TanrenException `FORBIDDEN` for another's token, `NOT_FOUND`
    @POST
    @RolesAllowed(Roles.VIEWER)
    @Path("{id}/rotate")
    public IssuedToken rotate(@PathParam("id") String id, RoutingContext request) {
        Caller caller = Caller.of(request);
        String wanted = id.equals("self") ? caller.tokenId() : id;
        if (!wanted.equals(caller.tokenId()) && !caller.may(Role.ADMIN)) {
            throw new TanrenException(
                    ErrorCode.FORBIDDEN,
                    "this needs the role admin, or the token itself",
                    "token/" + wanted,
                    "use that token, or one of an administrator");
        }
        String secret = ApiTokens.generate();
        Token token =
                registry.tokens()
                        .rotate(wanted, ApiTokens.hash(secret), Caller.actor(request))
                        .orElseThrow(() -> missing(wanted));
        directory.forgetAll();
        return new IssuedToken(
                token.id(), token.name(), Roles.key(token.role()), secret, token.expiresAt());
    }

    private static TanrenException missing(String id) {
        return new TanrenException(
                ErrorCode.NOT_FOUND,
                "there is no such token, or it is expired or revoked already",
                "token/" + id,
                "list them with GET /api/v1/tokens");
    }

    private static Role role(@Nullable String key) {
        try {
            return Role.valueOf(key == null ? "" : key.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw malformed("role", "viewer, operator, approver or admin");
        }
    }

    private static TanrenException malformed(String field, String expected) {
        return new TanrenException(
                ErrorCode.REQUEST_MALFORMED,
                "the field is missing or wrong; expected " + expected,
                field,
                "send {\"name\": …, \"role\": …, \"expiresAt\": …}, of which expiresAt may be"
                        + " left out");
    }

    private static TokenView view(Token token) {
        return new TokenView(
                token.id(),
                token.name(),
                Roles.key(token.role()),
                token.createdAt(),
                token.expiresAt(),
                token.lastUsedAt(),
                token.revokedAt());
    }
}
