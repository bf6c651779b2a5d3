CREATE TABLE media_text (
    rowid     BIGINT   NOT NULL PRIMARY KEY,
    name      TEXT     NOT NULL,
    prompt    TEXT     NOT NULL,
    captions  TEXT     NOT NULL,
    keywords  TEXT     NOT NULL,
    document  TSVECTOR NOT NULL GENERATED ALWAYS AS (
        to_tsvector('simple', left(name || ' ' || prompt || ' ' || captions || ' ' || keywords, 250000))
    ) STORED
);
CREATE INDEX media_text_words ON media_text USING GIN (document);

-- What FTS5 is asked (`"castle" * "tower" *`) as a question here. Signs inside of a string part words, as they do there.
CREATE FUNCTION media_words(asked TEXT) RETURNS TSQUERY LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(to_tsquery('simple', string_agg(quote_literal(word) || ':*', ' & ')), ''::TSQUERY)
    FROM regexp_matches(asked, '"((?:[^"]|"")*)" \*', 'g') AS found (strings),
         regexp_split_to_table(found.strings[1], '[^[:alnum:]]+') AS word
    WHERE word <> ''
$$;