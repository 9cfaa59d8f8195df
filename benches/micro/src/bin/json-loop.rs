//! Runs one case of the JSON bench so many times, for callgrind: `json-loop CASE LIBRARY TIMES`. Without arguments it
//! lists the cases.

use bench_micro::json;

fn main() {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let case = match &words[..] {
        [] => {
            for (what, libraries) in json::CASES {
                println!("{what} {}", libraries.join(" "));
            }
            return;
        }
        [what, library, times] => json::case(what, library).zip(times.parse::<usize>().ok()),
        _ => None,
    };
    let Some((case, times)) = case else {
        eprintln!("usage: json-loop CASE LIBRARY TIMES");
        std::process::exit(2);
    };
    for _ in 0..times {
        case();
    }
}
