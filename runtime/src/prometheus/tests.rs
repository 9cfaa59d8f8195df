use metrics::{counter, describe_counter, gauge, histogram, with_local_recorder};

use super::*;

#[test]
fn all_kinds_as_text() {
    let prometheus = Prometheus::new();
    with_local_recorder(&prometheus, || {
        describe_counter!("calls.total", "of\nall");
        counter!("calls.total", "method" => "/a.B/C", "said" => "\"x\\\n").increment(2);
        counter!("calls.total", "method" => "/a.B/C", "said" => "\"x\\\n").increment(1);
        counter!("calls.total").increment(1);
        gauge!("in_flight").set(1.5);
        gauge!("calls.total").set(7.0);
        for size in [1.0, 1000.0, 1e12] {
            histogram!("size_bytes", "k" => "v").record(size);
        }
    });
    let mut expected = r#"# HELP calls_total of\nall
# TYPE calls_total counter
calls_total 1
calls_total{method="/a.B/C",said="\"x\\\n"} 3
# TYPE in_flight gauge
in_flight 1.5
# TYPE size_bytes histogram
"#
    .to_owned();
    for (bound, count) in [(256u32, 1), (1024, 2), (4096, 2), (16384, 2), (65536, 2)] {
        expected += &format!("size_bytes_bucket{{k=\"v\",le=\"{bound}\"}} {count}\n");
    }
    for bound in [262144u32, 1048576, 4194304, 16777216, 67108864] {
        expected += &format!("size_bytes_bucket{{k=\"v\",le=\"{bound}\"}} 2\n");
    }
    expected += "size_bytes_bucket{k=\"v\",le=\"+Inf\"} 3\n";
    expected += "size_bytes_sum{k=\"v\"} 1000000001001\nsize_bytes_count{k=\"v\"} 3\n";
    assert_eq!(prometheus.render(), expected);
}

/// The lines of a text but for those of buckets.
fn lines(prometheus: &Prometheus) -> Vec<String> {
    let text = prometheus.render();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

#[test]
fn odd_names_and_labels_make_no_odd_text() {
    let prometheus = Prometheus::new();
    with_local_recorder(&prometheus, || {
        counter!("9.lives", "1st" => "a", "" => "b").increment(1);
        counter!("", "le" => "x").increment(1);
        // One series, whatever the order.
        counter!("order", "a" => "1", "b" => "2").increment(1);
        counter!("order", "b" => "2", "a" => "1").increment(1);
        // The same after cleaning.
        counter!("twice", "a.b" => "1", "a-b" => "2").increment(1);
    });
    let expected = [
        r#"_{_le="x"} 1"#,
        r#"_9_lives{_="b",_1st="a"} 1"#,
        r#"order{a="1",b="2"} 2"#,
        r#"twice{a_b="2"} 1"#,
    ];
    assert_eq!(lines(&prometheus), expected);
}

#[test]
fn one_name_has_one_kind() {
    let prometheus = Prometheus::new();
    with_local_recorder(&prometheus, || {
        counter!("x", "a" => "1").increment(1);
        gauge!("x", "a" => "2").set(2.0);
        histogram!("x").record(2.0);
    });
    assert_eq!(prometheus.render(), "# TYPE x counter\nx{a=\"1\"} 1\n");
}

#[test]
fn what_is_no_number_and_what_has_no_end() {
    let prometheus = Prometheus::new();
    with_local_recorder(&prometheus, || {
        gauge!("g", "k" => "1").set(f64::INFINITY);
        gauge!("g", "k" => "2").set(f64::NEG_INFINITY);
        gauge!("g", "k" => "3").set(f64::NAN);
        let h = histogram!("h");
        for value in [f64::NAN, 1.0, f64::INFINITY] {
            h.record(value);
        }
    });
    let mut lines = lines(&prometheus);
    lines.retain(|line| !line.contains("_bucket"));
    assert_eq!(
        lines,
        [
            r#"g{k="1"} +Inf"#,
            r#"g{k="2"} -Inf"#,
            r#"g{k="3"} NaN"#,
            "h_sum +Inf",
            "h_count 2"
        ]
    );
}
