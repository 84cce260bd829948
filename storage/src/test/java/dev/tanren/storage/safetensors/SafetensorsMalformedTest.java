package dev.tanren.storage.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsMalformedTest {

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "not JSON               | 0 | {                                    | strict JSON",
                "empty header           | 0 | ``                                   | begin with",
                "an array               | 0 | []                                   | begin with",
                "leading space          | 0 | ` {}`                                | begin with",
                "trailing comma         | 0 | {'a':{'dtype':'U8','shape':[0],'data_offsets':[0,0]},} | strict JSON",
                "comment                | 0 | {/* */}                              | strict JSON",
                "two documents          | 0 | {}{}                                 | follows",
                "junk behind            | 0 | {} x                                 | strict JSON",
                "a key twice            | 0 | {'a':{'dtype':'U8','shape':[0],'data_offsets':[0,0]},'a':{'dtype':'U8','shape':[0],'data_offsets':[0,0]}} | Duplicate",
                "dtype twice            | 0 | {'a':{'dtype':'U8','dtype':'U8','shape':[0],'data_offsets':[0,0]}} | Duplicate",
                "metadata key twice     | 0 | {'__metadata__':{'a':'1','a':'2'}}   | Duplicate",
                "metadata number        | 0 | {'__metadata__':{'a':1}}             | not a string",
                "metadata list          | 0 | {'__metadata__':[]}                  | not an object",
                "tensor is a string     | 0 | {'a':'b'}                            | not a JSON object",
                "unknown dtype          | 4 | {'a':{'dtype':'F31','shape':[1],'data_offsets':[0,4]}} | unknown dtype",
                "dtype is a number      | 4 | {'a':{'dtype':32,'shape':[1],'data_offsets':[0,4]}} | dtype is not",
                "unknown key            | 4 | {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4],'x':1}} | unknown key",
                "no shape               | 4 | {'a':{'dtype':'F32','data_offsets':[0,4]}} | needs dtype",
                "no offsets             | 4 | {'a':{'dtype':'F32','shape':[1]}}    | needs dtype",
                "one offset             | 4 | {'a':{'dtype':'F32','shape':[1],'data_offsets':[0]}} | needs dtype",
                "three offsets          | 4 | {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4,4]}} | more than 2",
                "a fraction             | 4 | {'a':{'dtype':'F32','shape':[1.0],'data_offsets':[0,4]}} | not an integer",
                "a negative dimension   | 4 | {'a':{'dtype':'F32','shape':[-1],'data_offsets':[0,4]}} | negative",
                "two negatives          | 4 | {'a':{'dtype':'F32','shape':[-1,-1],'data_offsets':[0,4]}} | negative",
                "a dimension of 64 bits | 4 | {'a':{'dtype':'F32','shape':[18446744073709551615],'data_offsets':[0,4]}} | above 63 bits",
                "size overflows         | 4 | {'a':{'dtype':'F32','shape':[4611686018427387904,4],'data_offsets':[0,4]}} | overflows",
                "bytes overflow         | 4 | {'a':{'dtype':'F32','shape':[4611686018427387904],'data_offsets':[0,4]}} | overflows",
                "size differs           | 8 | {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,8]}} | needs 4 bytes",
                "end before begin       | 4 | {'a':{'dtype':'F32','shape':[0],'data_offsets':[4,0]}} | data_offsets",
                "beyond the file        | 4 | {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | end at byte 8",
                "bytes left over        | 8 | {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | end at byte 4",
                "a hole                 | 12 | {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'b':{'dtype':'F32','shape':[1],'data_offsets':[8,12]}} | hole",
                "a hole at the start    | 8 | {'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | hole",
                "an overlap             | 8 | {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'b':{'dtype':'F32','shape':[1],'data_offsets':[2,6]}} | inside",
                "the same bytes twice   | 4 | {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'b':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | inside",
            })
    void itIsRefusedWithAReason(String name, int dataBytes, String json, String reason) {
        refused(file(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8), dataBytes), reason);
    }

    @Test
    void aHeaderThatLiesAboutItsLengthIsRefusedBeforeAnythingIsAllocated() {
        for (long length : new long[] {Long.MAX_VALUE, -1, 100_000_001, 99_000_000, 3}) {
            byte[] file = new byte[10];
            ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
            refused(file, "header claims");
        }
        refused(new byte[7], "less than a header");
        refused(new byte[0], "less than a header");
    }

    @Test
    void aHeaderThatIsNoUtf8IsRefused() {
        byte[] json = "{\"__metadata__\":{\"a\":\"xx\"}}".getBytes(StandardCharsets.UTF_8);
        int at = new String(json, StandardCharsets.UTF_8).indexOf("xx");
        json[at] = (byte) 0xC0;
        json[at + 1] = (byte) 0x80;
        refused(file(json, 0), "UTF-8");
    }

    @Test
    void deepNestingAndManyDimensionsAreRefused() {
        refused(file(("{\"a\":" + "[".repeat(5000)).getBytes(StandardCharsets.UTF_8), 0), "object");
        String shape = "1,".repeat(100) + "1";
        String json = "{\"a\":{\"dtype\":\"U8\",\"shape\":[" + shape + "],\"data_offsets\":[0,1]}}";
        refused(file(json.getBytes(StandardCharsets.UTF_8), 1), "more than 64");
    }

    @Test
    void theErrorNamesFileAndTensorAndKeepsControlCharactersOut() {
        String json = "{\"evil\\u001b[31m\":{\"dtype\":\"X\",\"shape\":[],\"data_offsets\":[0,0]}}";
        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(() -> read(file(json.getBytes(StandardCharsets.UTF_8), 0)))
                .satisfies(
                        e -> {
                            assertThat(e.where()).contains("the file", "evil\\u001b[31m");
                            assertThat(e.getMessage()).doesNotContain("\u001b");
                        });
    }

    private static void refused(byte[] file, String reason) {
        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(() -> read(file))
                .satisfies(
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.SAFETENSORS_CORRUPT);
                            assertThat(e.what()).contains(reason);
                        });
    }

    private static void read(byte[] file) {
        SafetensorsFile.of("the file", MemorySegment.ofArray(file)).close();
    }

    static byte[] file(byte[] json, int dataBytes) {
        return ByteBuffer.allocate(8 + json.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .array();
    }
}
