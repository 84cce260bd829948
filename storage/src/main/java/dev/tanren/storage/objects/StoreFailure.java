package dev.tanren.storage.objects;

import io.minio.errors.ErrorResponseException;
import io.minio.errors.InvalidResponseException;
import io.minio.errors.MinioException;
import io.minio.errors.ServerException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a failed request means, decided once from the store's answer.
///
/// The client's own exceptions carry the request's headers, so they never become a cause of ours;
/// what they say does.
sealed interface StoreFailure {

    String message();

    /// It may pass: tried again until the deadline.
    ///
    /// @param connected whether a connection was made
    record Passing(String message, boolean connected) implements StoreFailure {}

    record Missing(String message) implements StoreFailure {}

    /// A condition of the request did not hold (412).
    record Precondition(String message) implements StoreFailure {}

    record Refused(String message) implements StoreFailure {}

    record Full(String message) implements StoreFailure {}

    /// The range lies outside the object.
    record OutOfRange(String message) implements StoreFailure {}

    Pattern CODE_IN_TEXT = Pattern.compile("Response code: (\\d{3})");

    static StoreFailure of(Throwable failure) {
        return switch (failure) {
            case ErrorResponseException e ->
                    of(
                            e.response().code(),
                            String.valueOf(e.errorResponse().code()),
                            String.valueOf(e.errorResponse().message()));
            case ServerException e -> of(e.statusCode(), "", text(e));
            case InvalidResponseException e when spaceIsGone("", text(e)) ->
                    new Full("the store has no space left");
            case InvalidResponseException e ->
                    of(statusIn(text(e)), "", "not in the words of an object store");
            case MinioException e when e.getCause() instanceof IOException cause -> of(cause);
            case ConnectException e -> new Passing(text(e), false);
            case UnknownHostException e -> new Passing("unknown host " + text(e), false);
            case NoRouteToHostException e -> new Passing(text(e), false);
            case java.net.SocketTimeoutException e when text(e).contains("onnect") ->
                    new Passing(text(e), false);
            default -> new Passing(failure.getClass().getSimpleName() + " " + text(failure), true);
        };
    }

    private static StoreFailure of(int status, String code, String message) {
        String found = "the store answered " + status + " " + code + ": " + shortened(message);
        if (status == 507 || spaceIsGone(code, message)) {
            return new Full(found);
        }
        return switch (status) {
            case 401, 403 -> new Refused(found);
            case 404 -> code.equals("NoSuchBucket") ? new Refused(found) : new Missing(found);
            case 412 -> new Precondition(found);
            case 416 -> new OutOfRange(found);
            // 409 answers a conditional write that met another one under way.
            case 408, 409, 429 -> new Passing(found, true);
            default ->
                    status >= 500 || passes(code) ? new Passing(found, true) : new Refused(found);
        };
    }

    /// Answers of the class 400 that say something about one transfer, not about the request.
    private static boolean passes(String code) {
        return switch (code) {
            case "RequestTimeout",
                    "IncompleteBody",
                    "BadDigest",
                    "XAmzContentSHA256Mismatch",
                    "SlowDown" ->
                    true;
            default -> false;
        };
    }

    private static boolean spaceIsGone(String code, String message) {
        String text = (code + " " + message).toLowerCase(Locale.ROOT);
        return text.contains("no space left")
                || text.contains("storagefull")
                || text.contains("insufficientstorage")
                || text.contains("quota exceeded");
    }

    private static int statusIn(String text) {
        Matcher code = CODE_IN_TEXT.matcher(text);
        return code.find() ? Integer.parseInt(code.group(1)) : 500;
    }

    private static String text(Throwable failure) {
        return String.valueOf(failure.getMessage());
    }

    private static String shortened(String message) {
        String line = message.replaceAll("\\s+", " ").strip();
        return line.length() <= 300 ? line : line.substring(0, 300) + "…";
    }
}
