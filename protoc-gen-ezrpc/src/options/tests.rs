use super::*;

#[test]
fn timeouts() {
    assert_eq!(timeout("none"), Some(Timeout::None));
    assert_eq!(timeout("500ms"), Some(Timeout::Millis(500)));
    assert_eq!(timeout("3s"), Some(Timeout::Millis(3_000)));
    assert_eq!(timeout("2m"), Some(Timeout::Millis(120_000)));
    for bad in [
        "",
        "5",
        "s",
        "0s",
        "-1s",
        "+1s",
        "1.5s",
        "1h",
        "1 s",
        "1s ",
        "None",
        "99999999999999999999ms",
        "307445734561825861m",
        "١s",
    ] {
        assert_eq!(timeout(bad), None, "{bad:?}");
    }
}

#[test]
fn a_method_speaks_over_its_service() {
    let service = WebapiPatch {
        enable: Some(true),
        upload: None,
        public: Some(true),
    };
    let method = WebapiPatch {
        enable: None,
        upload: Some(true),
        public: Some(false),
    };
    let merged = method.over(service).merged();
    assert_eq!(
        merged,
        Webapi {
            enable: true,
            upload: true,
            public: false
        }
    );
    assert_eq!(WebapiPatch::default().merged(), Webapi::default());
}
