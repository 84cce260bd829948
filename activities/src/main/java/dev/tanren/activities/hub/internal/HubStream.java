package dev.tanren.activities.hub.internal;

import dev.tanren.activities.hub.HubFile;
import dev.tanren.activities.hub.HubPatience;
import dev.tanren.activities.hub.HubPause;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Reads a file of the Hub from its beginning to its end. After a cut it goes on where it was; the
/// end is reached only by what has the announced length and checksum.
///
/// Throws [TanrenException] alone: `HUB_UNREACHABLE`, `HUB_CORRUPT` and what [HubRequests] throws.
/// Not safe for use by several threads.
public final class HubStream extends InputStream {

    private static final long FRUIT = 1 << 20;

    private final HubRequests requests;
    private final HubPatience patience;
    private final URI address;
    private final HubFile file;
    private final String where;
    private final Tries tries;
    private final FileCheck check;
    private @Nullable InputStream body;
    private long at;
    private long fruitAt = FRUIT;
    private boolean checked;

    /// @param where what errors call it
    public HubStream(
            HubRequests requests,
            HubPatience patience,
            HubPause pause,
            URI address,
            HubFile file,
            String where) {
        this.requests = requests;
        this.patience = patience;
        this.address = address;
        this.file = file;
        this.where = where;
        this.tries = new Tries(patience, pause, where, patience.deadline(file.bytes()));
        this.check = new FileCheck(file);
    }

    @Override
    public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        while (at < file.bytes()) {
            try {
                InputStream open = body == null ? open() : body;
                int count = open.read(target, offset, length);
                if (count < 0) {
                    throw new IOException(
                            "the file ends after " + at + " of " + file.bytes() + " bytes");
                }
                take(target, offset, count);
                return count;
            } catch (IOException e) {
                close();
                tries.failed(e);
            }
        }
        end();
        return -1;
    }

    @Override
    public void close() {
        InputStream open = body;
        body = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                // What was read of it has been checked; the rest is not wanted.
            }
        }
    }

    private InputStream open() throws IOException {
        HttpResponse<InputStream> answer = requests.get(address, at, where);
        InputStream opened = new GuardedBody(answer.body(), patience.idle(), tries.left());
        body = opened;
        if (answer.statusCode() == 200) {
            opened.skipNBytes(at);
        } else if (!answer.headers()
                .firstValue("Content-Range")
                .orElse("")
                .startsWith("bytes " + at + "-")) {
            throw corrupt("the Hub sent another part of it than was asked for");
        }
        return opened;
    }

    private void take(byte[] bytes, int offset, int count) {
        if (at + count > file.bytes()) {
            throw corrupt("it has more than the " + file.bytes() + " bytes that were announced");
        }
        check.update(bytes, offset, count);
        at += count;
        if (at >= fruitAt) {
            fruitAt = at + FRUIT;
            tries.broughtSomething();
        }
    }

    private void end() {
        if (checked) {
            return;
        }
        checked = true;
        close();
        String mismatch = check.mismatch();
        if (mismatch != null) {
            throw corrupt(mismatch);
        }
    }

    private TanrenException corrupt(String what) {
        close();
        return new TanrenException(
                ErrorCode.HUB_CORRUPT,
                "the file is not what the Hub announced: " + what,
                where,
                "Run it again; where it stays so, the Hub, the mirror or what lies between is at"
                        + " fault.");
    }
}
