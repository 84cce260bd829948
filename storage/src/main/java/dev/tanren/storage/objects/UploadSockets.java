package dev.tanren.storage.objects;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import javax.net.SocketFactory;

/// Sockets that keep little of what is sent, so that a client knows whether bytes still move.
///
/// What the system has taken looks as if it had been sent. With buffers of many megabytes, as Linux
/// makes them by itself, an upload over a slow way would seem over long before its end, and the
/// wait for the answer would end first.
final class UploadSockets extends SocketFactory {

    /// Enough for 10 MB/s a connection over 20 ms.
    private static final int BUFFER = 256 * 1024;

    /// What must leave within the longest wait for a byte.
    private static final int LEAST = 64 * 1024;

    private final SocketFactory plain = SocketFactory.getDefault();

    /// How long to wait for an answer: as long as for any byte, and as long as what may still lie
    /// in the buffer may take to leave.
    ///
    /// @param bodyBytes of the request
    static Duration answerWithin(Duration idle, long bodyBytes) {
        return idle.multipliedBy(1 + Math.min(Math.max(0, bodyBytes), BUFFER) / LEAST);
    }

    @Override
    public Socket createSocket() throws IOException {
        return limited(plain.createSocket());
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return limited(plain.createSocket(host, port));
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress from, int fromPort)
            throws IOException {
        return limited(plain.createSocket(host, port, from, fromPort));
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return limited(plain.createSocket(host, port));
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort)
            throws IOException {
        return limited(plain.createSocket(host, port, from, fromPort));
    }

    private static Socket limited(Socket socket) throws IOException {
        socket.setSendBufferSize(BUFFER);
        return socket;
    }
}
