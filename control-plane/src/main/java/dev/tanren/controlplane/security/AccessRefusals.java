package dev.tanren.controlplane.security;

import dev.tanren.controlplane.problem.ProblemAnswers;
import dev.tanren.controlplane.problem.ProblemDetails;
import dev.tanren.controlplane.problem.TraceId;
import dev.tanren.plan.error.ErrorCode;
import io.quarkus.security.ForbiddenException;
import io.quarkus.security.UnauthorizedException;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.security.RolesAllowed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.Response;
import java.lang.reflect.Method;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.jspecify.annotations.Nullable;

/// Tells who is refused what they lack, as a problem.
@ApplicationScoped
public class AccessRefusals {

    private final Authentication authentication;
    private final ProblemAnswers answers;

    AccessRefusals(Authentication authentication, ProblemAnswers answers) {
        this.authentication = authentication;
        this.answers = answers;
    }

    /// Refused at the fence, before the request was routed.
    void atTheFence(@Observes Router router) {
        router.errorHandler(
                403,
                request -> ProblemAnswers.answer(request, lacking(request, Fence.needed(request))));
    }

    @ServerExceptionMapper
    Response atTheMethod(ForbiddenException e, RoutingContext request, ResourceInfo resource) {
        return ProblemAnswers.response(lacking(request, needed(resource.getResourceMethod())));
    }

    @ServerExceptionMapper
    Response unknown(UnauthorizedException e, RoutingContext request) {
        return ProblemAnswers.response(answers.of(authentication.reason(request), request));
    }

    private static @Nullable String needed(@Nullable Method method) {
        RolesAllowed allowed = method == null ? null : method.getAnnotation(RolesAllowed.class);
        return allowed == null ? null : allowed.value()[0];
    }

    private static ProblemDetails lacking(RoutingContext request, @Nullable String needed) {
        return ProblemDetails.of(
                ErrorCode.FORBIDDEN,
                403,
                needed == null
                        ? "this is open to nobody"
                        : "this needs the role "
                                + needed
                                + ", and the token has "
                                + Roles.key(Caller.of(request).role()),
                request.request().method() + " " + request.normalizedPath(),
                "use a token with that role; an administrator can make one",
                TraceId.of(request));
    }
}
