package dev.tanren.storage.registry.internal;

import dev.tanren.plan.text.StorableText;
import java.sql.Types;
import org.jdbi.v3.core.argument.AbstractArgumentFactory;
import org.jdbi.v3.core.argument.Argument;
import org.jdbi.v3.core.config.ConfigRegistry;

/// Binds every text in a form that PostgreSQL takes, so that no record is refused for a character
/// in words from outside, such as the last line of a process that crashed.
final class TextArgument extends AbstractArgumentFactory<String> {

    TextArgument() {
        super(Types.VARCHAR);
    }

    @Override
    protected Argument build(String value, ConfigRegistry config) {
        return (position, statement, context) ->
                statement.setString(position, StorableText.of(value));
    }
}
