"""The functions that people's SQL may call, all of them in `pg_catalog`.

Made from PostgreSQL 18's immutable and stable functions, less what reads files, settings, other sessions or
the catalog, runs SQL from a string, takes locks, or belongs to the inside of types, operators and indexes;
with the few harmless volatile ones (a clock, a random number) added. What is not here is refused.
"""

NUMBERS = """
    abs acos acosd acosh asin asind asinh atan atan2 atan2d atand atanh bit_count cbrt ceil ceiling cos cosd cosh cot cotd
    degrees div erf erfc exp factorial floor gamma gcd lcm lgamma ln log log10 min_scale mod pi pow power
    radians random random_normal round scale sign sin sind sinh sqrt tan tand tanh to_number trim_scale trunc width_bucket
"""

TEXT = """
    ascii bit_length btrim casefold char_length character_length chr concat concat_ws convert convert_from convert_to crc32
    crc32c decode encode format initcap is_normalized left length like_escape lower lpad ltrim md5 normalize octet_length
    overlay parse_ident position quote_ident quote_literal quote_nullable regexp_count regexp_instr regexp_like
    regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr repeat replace
    reverse right rpad rtrim sha224 sha256 sha384 sha512 similar_escape similar_to_escape split_part starts_with
    string_to_array string_to_table strpos substr substring to_ascii to_bin to_char to_hex to_oct translate
    unicode_assigned unistr upper
"""

BYTES_AND_BITS = "get_bit get_byte set_bit set_byte"

DATES_AND_TIMES = """
    age clock_timestamp date_add date_bin date_part date_subtract date_trunc extract isfinite justify_days justify_hours
    justify_interval make_date make_interval make_time make_timestamp make_timestamptz now overlaps statement_timestamp
    timeofday timezone to_date to_timestamp transaction_timestamp
"""

ARRAYS = """
    array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position array_positions
    array_prepend array_remove array_replace array_reverse array_sample array_shuffle array_sort array_to_string array_upper
    cardinality trim_array unnest
"""

JSON = """
    array_to_json json_array_element json_array_element_text json_array_elements json_array_elements_text json_array_length
    json_build_array json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object
    json_object_field json_object_field_text json_object_keys json_populate_record json_populate_recordset
    json_strip_nulls json_to_record json_to_recordset json_typeof jsonb_array_element jsonb_array_element_text
    jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_concat
    jsonb_contained jsonb_contains jsonb_delete jsonb_delete_path jsonb_each jsonb_each_text jsonb_exists jsonb_exists_all
    jsonb_exists_any jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_field
    jsonb_object_field_text jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz
    jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz jsonb_path_query_first jsonb_path_query_first_tz
    jsonb_path_query_tz jsonb_populate_record jsonb_populate_record_valid jsonb_populate_recordset jsonb_pretty jsonb_set
    jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof row_to_json to_json to_jsonb
"""

RANGES = """
    isempty lower_inc lower_inf multirange range_merge upper_inc upper_inf
    datemultirange daterange int4multirange int4range int8multirange int8range nummultirange numrange tsmultirange tsrange
    tstzmultirange tstzrange
"""

AGGREGATES = """
    any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp every json_agg
    json_agg_strict json_object_agg json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict jsonb_agg
    jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict max min
    mode percentile_cont percentile_disc range_agg range_intersect_agg regr_avgx regr_avgy regr_count regr_intercept regr_r2
    regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance xmlagg
"""

WINDOWS = "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number"

SETS = "generate_series generate_subscripts"

TEXT_SEARCH = """
    array_to_tsvector json_to_tsvector jsonb_to_tsvector numnode phraseto_tsquery plainto_tsquery querytree setweight strip
    to_tsquery to_tsvector ts_delete ts_filter ts_headline ts_rank ts_rank_cd tsquery_phrase tsvector_to_array
    websearch_to_tsquery
"""

GEOMETRY = """
    area bound_box box center circle diagonal diameter height isclosed ishorizontal isopen isparallel isperp isvertical line
    lseg npoints path pclose point polygon popen radius slope width
"""

NETWORKS = """
    abbrev broadcast cidr family host hostmask inet_merge inet_same_family macaddr macaddr8 macaddr8_set7bit masklen
    netmask network set_masklen
"""

ENUMS = "enum_first enum_last enum_range"

IDENTIFIERS = "gen_random_uuid uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7"

XML = "xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document xmlcomment xmlexists xmltext xpath xpath_exists"

CASTS = """
    bit bool bpchar bytea char date float4 float8 int2 int4 int8 interval json jsonb money name numeric text time timestamp
    timestamptz timetz varbit varchar xml
"""

SIZES_AND_TYPES = "num_nonnulls num_nulls pg_column_size pg_input_is_valid pg_size_bytes pg_size_pretty pg_typeof pg_collation_for"

ALLOWED = frozenset(
    " ".join(
        (
            NUMBERS,
            TEXT,
            BYTES_AND_BITS,
            DATES_AND_TIMES,
            ARRAYS,
            JSON,
            RANGES,
            AGGREGATES,
            WINDOWS,
            SETS,
            TEXT_SEARCH,
            GEOMETRY,
            NETWORKS,
            ENUMS,
            IDENTIFIERS,
            XML,
            CASTS,
            SIZES_AND_TYPES,
        )
    ).split()
)

RETURNING_SETS = frozenset(
    """
    json_array_elements json_array_elements_text json_each json_each_text json_object_keys json_populate_recordset
    json_to_record json_to_recordset jsonb_array_elements jsonb_array_elements_text jsonb_each jsonb_each_text
    jsonb_object_keys jsonb_path_query jsonb_path_query_tz jsonb_populate_recordset jsonb_to_record jsonb_to_recordset
    regexp_matches regexp_split_to_table string_to_table unnest
    """.split()  # noqa: SIM905 - a list of names reads better as words
)

CHANGING = frozenset(
    """
    array_sample array_shuffle clock_timestamp gen_random_uuid random random_normal timeofday uuidv4 uuidv7
    """.split()  # noqa: SIM905 - a list of names reads better as words
)
"""Another value at each call: pages that follow each other would not fit together."""

SCALARS = ALLOWED - frozenset(f"{AGGREGATES} {WINDOWS} {SETS}".split()) - RETURNING_SETS - CHANGING
"""One value of the values of one row: what a computed column may be made of."""

# `x.f` means f(x) where x is a row and has no column f. These prefixes are the server's own functions: a
# column is hardly ever called so, and then its name can be changed in a WITH.
SERVER_PREFIXES = ("pg_", "inet_", "txid_", "dblink", "binary_upgrade_")

SERVER_NAMES = frozenset(
    """
    currtid2 current_setting currval database_to_xml has_any_column_privilege has_column_privilege has_database_privilege
    has_foreign_data_wrapper_privilege has_function_privilege has_language_privilege has_largeobject_privilege
    has_parameter_privilege has_schema_privilege has_sequence_privilege has_server_privilege has_table_privilege
    has_tablespace_privilege has_type_privilege lastval lo_close lo_creat lo_create lo_export lo_from_bytea lo_get lo_import
    lo_lseek lo_lseek64 lo_manage lo_oid lo_open lo_put lo_tell lo_tell64 lo_truncate lo_truncate64 lo_unlink loread lowrite
    nextval query_to_xml query_to_xmlschema
    query_to_xml_and_xmlschema row_security_active schema_to_xml set_config setval table_to_xml ts_rewrite ts_stat
    cursor_to_xml
    """.split()  # noqa: SIM905 - a list of names reads better as words
)
