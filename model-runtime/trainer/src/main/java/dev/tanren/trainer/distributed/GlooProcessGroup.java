package dev.tanren.trainer.distributed;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.SizeTPointer;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.IntOptional;
import org.bytedeco.pytorch.PrefixStore;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;

/// Ranks connected by PyTorch's c10d over Gloo, for CPUs.
///
/// Rank 0 serves a TCP store at the rendezvous address, and each rank listens at its own: nowhere
/// else, so on one machine nothing of a gang can be reached from another. All ranks find each other
/// through the store and then hold direct connections. Every wait has an end: a peer that dies is
/// noticed by its closed connection, one that hangs by the collective's timeout.
public final class GlooProcessGroup implements ProcessGroup {

    private static final int TAG = 1;

    private static final Queue<Store> STORES = new ConcurrentLinkedQueue<>();

    private final TCPStore store;
    private final ProcessGroupGloo gloo;
    private final int rank;
    private final int worldSize;

    private GlooProcessGroup(TCPStore store, ProcessGroupGloo gloo, int rank, int worldSize) {
        this.store = store;
        this.gloo = gloo;
        this.rank = rank;
        this.worldSize = worldSize;
    }

    /// Where and how ranks meet.
    ///
    /// @param host where rank 0 serves the store
    /// @param attempt tells the keys of one attempt from another's
    /// @param localAddress host name or address of this rank that others connect to; see
    ///     [#localAddress(String, int)]
    /// @param rendezvous how long ranks wait for each other at the start
    /// @param collective how long one transfer may take
    public record Meeting(
            String host,
            int port,
            String attempt,
            String localAddress,
            Duration rendezvous,
            Duration collective) {}

    /// Waits until all ranks are there.
    ///
    /// @throws TanrenException `COLLECTIVE_FAILED` where they are not in time
    public static GlooProcessGroup join(Meeting meeting, int rank, int worldSize) {
        try (PointerScope _ = new PointerScope()) {
            TCPStoreOptions options =
                    new TCPStoreOptions()
                            .port((short) meeting.port())
                            .isServer(rank == 0)
                            .numWorkers(new SizeTPointer(1).put(worldSize))
                            .waitWorkers(true)
                            .timeout(milliseconds(meeting.rendezvous()));
            if (rank == 0) {
                // By itself it would listen on every interface.
                options.masterListenFd(new IntOptional(listening(meeting)));
            }
            TCPStore store = counted(new TCPStore(meeting.host(), options));
            GlooDeviceVector devices =
                    new GlooDeviceVector(
                            ProcessGroupGloo.createDeviceForHostname(meeting.localAddress()));
            ProcessGroupGloo.Options settings =
                    ProcessGroupGloo.Options.create(milliseconds(meeting.collective()));
            settings.devices(devices).threads(2);
            ProcessGroupGloo gloo =
                    new ProcessGroupGloo(
                            counted(new PrefixStore(meeting.attempt(), store)),
                            rank,
                            worldSize,
                            settings);
            gloo.retainReference();
            return new GlooProcessGroup(store, gloo, rank, worldSize);
        } catch (RuntimeException e) {
            throw failed(
                    "the ranks did not all meet within " + meeting.rendezvous() + ": " + first(e),
                    meeting.host() + ":" + meeting.port(),
                    e);
        }
    }

    private static int listening(Meeting meeting) {
        try {
            return ListeningSocket.on(InetAddress.getByName(meeting.host()), meeting.port());
        } catch (IOException e) {
            throw failed(
                    "rank 0 cannot listen at the rendezvous address: " + e.getMessage(),
                    meeting.host() + ":" + meeting.port(),
                    e);
        }
    }

    /// The address by which this machine reaches a host, which is the one that peers reach it
    /// by.
    ///
    /// @throws TanrenException `COLLECTIVE_FAILED` where the host has no address or no route
    public static String localAddress(String host, int port) {
        try (DatagramSocket socket = new DatagramSocket()) {
            InetAddress address = InetAddress.getByName(host);
            if (address.isLoopbackAddress()) {
                return address.getHostAddress();
            }
            socket.connect(new InetSocketAddress(address, port)); // chooses a route, sends nothing
            return socket.getLocalAddress().getHostAddress();
        } catch (IOException | java.io.UncheckedIOException e) {
            throw failed("there is no way to the rendezvous host", host + ":" + port, e);
        }
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int worldSize() {
        return worldSize;
    }

    @Override
    public void exchange(int peer, Tensor send, Tensor receive) {
        try (PointerScope _ = new PointerScope()) {
            Work receiving = null;
            Work sending = null;
            if (receive.numel() > 0) {
                receiving = gloo.recv(new TensorVector(receive), peer, TAG);
            }
            if (send.numel() > 0) {
                sending = gloo.send(new TensorVector(send), peer, TAG);
            }
            if (sending != null) {
                sending._wait();
            }
            if (receiving != null) {
                receiving._wait();
            }
        } catch (RuntimeException e) {
            throw failed(
                    "a transfer with rank " + peer + " failed: " + first(e), "rank " + rank, e);
        }
    }

    @Override
    public void close() {
        gloo.releaseReference();
    }

    /// The store that the ranks met at, which stays this group's.
    TCPStore store() {
        return store;
    }

    /// A store that Java never frees. Groups and other stores count their references to it and
    /// free it with the last; JavaCPP 1.5.13 would free it uncounted at the end of its scope or
    /// with its garbage, under those that still use it.
    static <S extends Store> S counted(S store) {
        STORES.add(store);
        return store.retainReference();
    }

    static Milliseconds milliseconds(Duration duration) {
        return new Milliseconds(duration.toMillis());
    }

    /// The first line of a native error, whose others are a stack of C++ frames.
    static String first(RuntimeException error) {
        String message = String.valueOf(error.getMessage());
        return message.lines().findFirst().orElse("unknown").strip();
    }

    static TanrenException failed(String what, String where, Exception cause) {
        return new TanrenException(
                ErrorCode.COLLECTIVE_FAILED,
                what,
                where,
                "The attempt is started again from the last checkpoint; see the other ranks' logs.",
                cause);
    }
}
