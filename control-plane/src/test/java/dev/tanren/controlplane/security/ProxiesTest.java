package dev.tanren.controlplane.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerOptions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxiesTest {

    private static final Proxies PROXIES = new Proxies(List.of("10.0.0.0/8", "2001:db8::1"));

    private static Client through(String peer, String... headers) {
        MultiMap all = MultiMap.caseInsensitiveMultiMap();
        for (int i = 0; i < headers.length; i += 2) {
            all.add(headers[i], headers[i + 1]);
        }
        return PROXIES.client(Client.of(peer, false, "inner:7420"), all, "inner:7420");
    }

    @Test
    void whatAnyoneElseForwardsChangesNothing() {
        for (String peer : List.of("192.0.2.1", "11.0.0.1", "2001:db8:0:0:0:0:0:2", "unknown")) {
            assertThat(
                            through(
                                    peer,
                                    "X-Forwarded-For",
                                    "203.0.113.9",
                                    "X-Forwarded-Proto",
                                    "https",
                                    "X-Forwarded-Host",
                                    "evil.example",
                                    "Forwarded",
                                    "for=203.0.113.9;proto=https"))
                    .isEqualTo(new Client(peer, false, "inner", 7420));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "203.0.113.9|203.0.113.9",
                "6.6.6.6, 203.0.113.9|203.0.113.9",
                "6.6.6.6, 203.0.113.9, 10.1.1.1|203.0.113.9",
                "6.6.6.6, 203.0.113.9:4711, 10.1.1.1:80, 2001:db8::1|203.0.113.9",
                "10.2.2.2, 10.1.1.1|10.2.2.2",
                "6.6.6.6, nonsense, 10.1.1.1|10.1.1.1",
                "6.6.6.6, unknown|10.9.9.9",
                "[2001:db8::7]:99|2001:db8:0:0:0:0:0:7",
                "::ffff:203.0.113.9|203.0.113.9",
                "6.6.6.6,,|10.9.9.9",
                "localhost|10.9.9.9",
            })
    void theRightMostAddressCountsThatIsNoProxy(String header, String client) {
        assertThat(through("10.9.9.9", "X-Forwarded-For", header).address()).isEqualTo(client);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "for=203.0.113.9|203.0.113.9|http://inner:7420",
                "For=\"[2001:db8::7]:4711\";Proto=https;by=10.0.0.1|2001:db8:0:0:0:0:0:7|https://inner:7420",
                "for=6.6.6.6;proto=http, for=203.0.113.9;proto=https;host=tanren.example, for=10.1.1.1;proto=http|203.0.113.9|https://tanren.example",
                "for=\"6.6.6.6, 10.1.1.1\", for=203.0.113.9|203.0.113.9|http://inner:7420",
                "for=203.0.113.9;host=\"tanren.example:8443\";proto=https|203.0.113.9|https://tanren.example:8443",
                "for=203.0.113.9 nonsense|10.9.9.9|http://inner:7420",
                "for=_hidden;proto=https|10.9.9.9|https://inner:7420",
            })
    void theStandardHeaderIsReadAsItsGrammarSays(String header, String client, String origin) {
        Client found = through("10.9.9.9", "Forwarded", header);
        assertThat(found.address()).isEqualTo(client);
        assertThat(found.origin()).isEqualTo(origin);
    }

    @Test
    void severalLinesAreOneList() {
        assertThat(
                        through(
                                        "10.9.9.9",
                                        "X-Forwarded-For",
                                        "6.6.6.6",
                                        "X-Forwarded-For",
                                        "203.0.113.9")
                                .address())
                .isEqualTo("203.0.113.9");
    }

    @Test
    void schemeAndHostAreThoseOfTheSameProxy() {
        assertThat(
                        through(
                                "10.9.9.9",
                                "X-Forwarded-For",
                                "6.6.6.6, 203.0.113.9, 10.1.1.1",
                                "X-Forwarded-Proto",
                                "http, https, http",
                                "X-Forwarded-Host",
                                "tanren.example"))
                .isEqualTo(new Client("203.0.113.9", true, "tanren.example", 443));
    }

    @Test
    void twoKindsOfHeadersThatTellDifferentThingsAreRefused() {
        String[] headers = {"X-Forwarded-For", "203.0.113.9", "Forwarded", "for=6.6.6.6"};
        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(() -> through("10.9.9.9", headers))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.REQUEST_MALFORMED));
        headers[3] = "for=203.0.113.9";
        assertThat(through("10.9.9.9", headers).address()).isEqualTo("203.0.113.9");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"proxy.example", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "", "::/129"})
    void whatIsNoNetworkIsRefusedByName(String text) {
        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(() -> new Proxies(List.of(text)))
                .satisfies(e -> assertThat(e.where()).contains(Proxies.VARIABLE));
    }

    @Test
    void anAddressOfOthersIsListenedOnOnlyEncryptedOrBehindAProxy() {
        Proxies none = new Proxies(List.of());
        for (String open : List.of("0.0.0.0", "::", "192.0.2.1")) {
            HttpServerOptions options = new HttpServerOptions().setHost(open);
            assertThatExceptionOfType(TanrenException.class)
                    .isThrownBy(() -> new Listening(none, "enabled").customizeHttpServer(options))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.ADDRESS_EXPOSED))
                    .satisfies(e -> assertThat(e.mend()).contains(Proxies.VARIABLE));
            new Listening(none, "redirect").customizeHttpServer(options);
            new Listening(none, "enabled").customizeHttpsServer(options);
            new Listening(PROXIES, "enabled").customizeHttpServer(options);
        }
        for (String own : List.of("127.0.0.1", "::1", "localhost", "127.9.9.9")) {
            new Listening(none, "enabled")
                    .customizeHttpServer(new HttpServerOptions().setHost(own));
        }
    }

    @Test
    void cookiesAreNamedByThePortThatTheBrowserCalledAndKeptToTheHostOverHttps() {
        assertThat(SessionCookies.of(Client.of("::1", false, "127.0.0.1:7420")).session())
                .isEqualTo("tanren_session_7420");
        assertThat(SessionCookies.of(Client.of("::1", false, "127.0.0.1:7421")).session())
                .isEqualTo("tanren_session_7421");
        assertThat(SessionCookies.of(Client.of("::1", true, "tanren.example")))
                .isEqualTo(
                        new SessionCookies(
                                "__Host-tanren_session_443", "__Host-tanren_csrf_443", true));
    }
}
