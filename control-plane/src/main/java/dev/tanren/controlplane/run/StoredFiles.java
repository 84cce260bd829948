package dev.tanren.controlplane.run;

import dev.tanren.controlplane.problem.ProblemAnswers;
import dev.tanren.controlplane.problem.ProblemDetails;
import dev.tanren.controlplane.problem.TraceId;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.objects.ObjectStream;
import dev.tanren.storage.objects.S3ObjectStore;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Objects of the store as downloads, by RFC 9110: with their length, their SHA-256 as `ETag`, and
/// the range that is asked for. They are passed on a range at a time, however large they are.
@Singleton
public class StoredFiles {

    /// One range. Several at once, and other units, are answered with the whole, as is allowed.
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d*)-(\\d*)");

    private final S3ObjectStore store;

    StoredFiles(S3ObjectStore store) {
        this.store = store;
    }

    /// @param first and last byte that is sent
    private record Range(long first, long last) {}

    /// @param fileName that a browser saves it as
    Response download(
            StoredObject object, String mediaType, String fileName, RoutingContext context) {
        HttpServerRequest request = context.request();
        String tag = entityTag(object);
        if (names(request.getHeader("If-None-Match"), tag)) {
            return Response.notModified().header(HttpHeaders.ETAG, tag).build();
        }
        Optional<Matcher> asked = range(request, tag);
        if (asked.isEmpty()) {
            return answer(Status.OK, object, mediaType, fileName, 0, object.bytes()).build();
        }
        Optional<Range> range = within(asked.get(), object.bytes());
        if (range.isEmpty()) {
            return outside(object, context);
        }
        long end = range.get().last + 1;
        return answer(Status.PARTIAL_CONTENT, object, mediaType, fileName, range.get().first, end)
                .header(
                        "Content-Range",
                        "bytes %d-%d/%d"
                                .formatted(range.get().first, range.get().last, object.bytes()))
                .build();
    }

    private Response.ResponseBuilder answer(
            Status status,
            StoredObject object,
            String mediaType,
            String fileName,
            long from,
            long end) {
        return Response.status(status)
                .entity(new ObjectStream(store, object.key(), from, end))
                .type(mediaType)
                .header(HttpHeaders.CONTENT_LENGTH, end - from)
                .header(HttpHeaders.ETAG, entityTag(object))
                .header(
                        HttpHeaders.CONTENT_DISPOSITION,
                        "attachment; filename=\"" + fileName.replaceAll("[^\\w.-]", "_") + "\"")
                .header("Accept-Ranges", "bytes");
    }

    /// The SHA-256 of its bytes; what the store calls them where others wrote the object.
    private static String entityTag(StoredObject object) {
        String known = object.sha256().isEmpty() ? object.entityTag() : object.sha256();
        return "\"" + known.replace("\"", "") + "\"";
    }

    private static boolean names(@Nullable String list, String tag) {
        return list != null
                && Arrays.stream(list.split(",", -1))
                        .map(String::strip)
                        .anyMatch(
                                one -> one.equals("*") || one.replaceFirst("^W/", "").equals(tag));
    }

    /// Empty where the whole is to be sent.
    private static Optional<Matcher> range(HttpServerRequest request, String tag) {
        String range = request.getHeader("Range");
        String only = request.getHeader("If-Range");
        if (range == null || (only != null && !only.equals(tag))) {
            return Optional.empty();
        }
        Matcher asked = RANGE.matcher(range.strip());
        boolean known = asked.matches() && !(asked.group(1) + asked.group(2)).isEmpty();
        return known ? Optional.of(asked) : Optional.empty();
    }

    /// Empty where it has none of the object's bytes.
    private static Optional<Range> within(Matcher asked, long bytes) {
        Range range;
        if (asked.group(1).isEmpty()) {
            range = new Range(bytes - number(asked.group(2), bytes), bytes - 1);
        } else {
            String last = asked.group(2);
            range =
                    new Range(
                            number(asked.group(1), bytes),
                            last.isEmpty() ? bytes - 1 : number(last, bytes - 1));
        }
        return range.first > range.last ? Optional.empty() : Optional.of(range);
    }

    private static long number(String digits, long most) {
        return new BigInteger(digits).min(BigInteger.valueOf(most)).longValue();
    }

    private static Response outside(StoredObject object, RoutingContext context) {
        ProblemDetails problem =
                ProblemDetails.of(
                        ErrorCode.REQUEST_MALFORMED,
                        Status.REQUESTED_RANGE_NOT_SATISFIABLE.getStatusCode(),
                        "the range has none of the " + object.bytes() + " bytes that there are",
                        "Range",
                        "ask for a range within them, or for the whole",
                        TraceId.of(context));
        return Response.fromResponse(ProblemAnswers.response(problem))
                .header("Content-Range", "bytes */" + object.bytes())
                .build();
    }
}
