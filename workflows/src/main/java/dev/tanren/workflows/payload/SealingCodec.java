package dev.tanren.workflows.payload;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.temporal.api.common.v1.Payload;
import io.temporal.payload.codec.PayloadCodec;
import io.temporal.payload.context.ActivitySerializationContext;
import io.temporal.payload.context.HasWorkflowSerializationContext;
import io.temporal.payload.context.SerializationContext;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.List;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/// Seals payloads with AES-256 in Galois/Counter Mode (NIST SP 800-38D).
///
/// A sealed payload holds nonce (96 bits, random), ciphertext and tag (128 bits) of the whole
/// payload with its metadata. Bound to it as additional data are its own metadata, which say how it
/// is sealed and with which key, and what it belongs to: the workflow's id and the activity's type.
/// So one that is copied to another run, or from one kind of activity to another, does not open.
final class SealingCodec implements PayloadCodec {

    static final String ENCODING_KEY = "encoding";
    static final String KEY_ID_KEY = "tanren-key";
    private static final ByteString ENCODING = ByteString.copyFromUtf8("binary/tanren-sealed-1");

    private static final String CIPHER = "AES/GCM/NoPadding";
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final PayloadKeys keys;
    private final List<String> belongsTo;

    SealingCodec(PayloadKeys keys) {
        this(keys, List.of());
    }

    private SealingCodec(PayloadKeys keys, List<String> belongsTo) {
        this.keys = keys;
        this.belongsTo = belongsTo;
    }

    @Override
    public PayloadCodec withContext(SerializationContext context) {
        return switch (context) {
            case ActivitySerializationContext activity ->
                    new SealingCodec(
                            keys,
                            List.of(
                                    String.valueOf(activity.getWorkflowId()),
                                    activity.getActivityType()));
            case HasWorkflowSerializationContext workflow ->
                    new SealingCodec(keys, List.of(String.valueOf(workflow.getWorkflowId())));
            default -> this;
        };
    }

    @Override
    public List<Payload> encode(List<Payload> payloads) {
        return payloads.stream().map(this::seal).toList();
    }

    /// @throws PayloadRefused for one that is not sealed, whose key is not known, or that does not
    ///     open
    @Override
    public List<Payload> decode(List<Payload> payloads) {
        return payloads.stream().map(this::open).toList();
    }

    private Payload seal(Payload payload) {
        String id = keys.sealingId();
        SecretKey key = keys.find(id);
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        try {
            Cipher cipher = Cipher.getInstance(CIPHER);
            cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(TAG_BITS, nonce));
            cipher.updateAAD(additionalData(id));
            ByteString sealed = ByteString.copyFrom(cipher.doFinal(payload.toByteArray()));
            return Payload.newBuilder()
                    .putMetadata(ENCODING_KEY, ENCODING)
                    .putMetadata(KEY_ID_KEY, ByteString.copyFromUtf8(id))
                    .setData(ByteString.copyFrom(nonce).concat(sealed))
                    .build();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK seals with " + CIPHER, e);
        }
    }

    private Payload open(Payload payload) {
        if (!ENCODING.equals(payload.getMetadataMap().get(ENCODING_KEY))) {
            throw new PayloadRefused("a payload is not sealed");
        }
        String id = payload.getMetadataOrDefault(KEY_ID_KEY, ByteString.EMPTY).toStringUtf8();
        SecretKey key = keys.find(id);
        if (key == null) {
            throw new PayloadRefused("a payload is sealed with a key that is not known here");
        }
        byte[] data = payload.getData().toByteArray();
        if (payload.getMetadataCount() != 2 || data.length < NONCE_BYTES + TAG_BITS / Byte.SIZE) {
            throw new PayloadRefused("a payload has not the form of a sealed one");
        }
        try {
            return Payload.parseFrom(opened(id, key, data));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("what was sealed here is no payload", e);
        }
    }

    private byte[] opened(String id, SecretKey key, byte[] data) {
        try {
            Cipher cipher = Cipher.getInstance(CIPHER);
            cipher.init(
                    Cipher.DECRYPT_MODE, key, new GCMParameterSpec(TAG_BITS, data, 0, NONCE_BYTES));
            cipher.updateAAD(additionalData(id));
            return cipher.doFinal(data, NONCE_BYTES, data.length - NONCE_BYTES);
        } catch (AEADBadTagException forged) {
            throw new PayloadRefused(
                    "a payload was changed, or sealed for something else than " + belongsTo);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK opens with " + CIPHER, e);
        }
    }

    /// Each text goes in with its length, so that no two lists have the same bytes.
    private byte[] additionalData(String keyId) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            write(out, ENCODING.toStringUtf8());
            write(out, keyId);
            for (String part : belongsTo) {
                write(out, part);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void write(DataOutputStream out, String text) throws IOException {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(utf8.length);
        out.write(utf8);
    }
}
