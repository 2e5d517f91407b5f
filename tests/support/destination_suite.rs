//! What every destination must do, whatever it is made of. One function a behaviour; [`behaviours!`] makes a test of each.

use backstay::destination::{Destination, Entry};
use backstay::domain::{Kind, Result};
use bytes::Bytes;
use futures_util::future::try_join_all;

/// Makes one test of each behaviour for the driver that `$make` opens: an expression giving a guard and the destination.
#[macro_export]
macro_rules! behaviours {
    ($driver:ident, $make:expr) => {
        $crate::behaviours!($driver, $make, [
            an_object_is_read_as_it_was_written, an_empty_object_is_an_object, an_unfinished_sink_leaves_nothing,
            readers_see_the_old_object_until_the_new_one_is_finished, a_long_list_is_whole, a_list_is_of_one_folder,
            what_is_missing_is_said_to_be, ranges_are_exact, a_range_past_the_end_is_an_error, deleting_twice_is_fine,
            a_folder_goes_only_once_it_is_empty, odd_names_are_kept, writers_do_not_disturb_each_other,
            paths_stay_below_the_prefix, probing_writes_nothing, a_reader_may_leave_early,
        ]);
    };
    ($driver:ident, $make:expr, [$($behaviour:ident),+ $(,)?]) => {
        mod $driver {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    let (_guard, destination) = $make;
                    $crate::suite::$behaviour(&*destination).await;
                }
            )+
        }
    };
}

/// Writes a whole object.
pub async fn put(destination: &dyn Destination, path: &str, chunks: &[&[u8]]) -> Result<u64> {
    let mut sink = destination.write(path).await?;
    for chunk in chunks {
        sink.write(Bytes::copy_from_slice(chunk)).await?;
    }
    sink.finish().await
}

/// Reads a whole object, or a part.
pub async fn get(destination: &dyn Destination, path: &str, range: Option<std::ops::Range<u64>>) -> Result<Vec<u8>> {
    let mut chunks = destination.read(path, range).await?;
    let mut all = Vec::new();
    while let Some(chunk) = chunks.next().await? {
        all.extend_from_slice(&chunk);
    }
    Ok(all)
}

async fn paths(destination: &dyn Destination, prefix: &str) -> Vec<String> {
    let listed = destination.list(prefix).await.unwrap();
    listed.into_iter().map(|entry| entry.path).collect()
}

/// Three megabytes and a bit, no two alike.
fn noise() -> Vec<u8> {
    (0..3_200_001_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

pub async fn an_object_is_read_as_it_was_written(destination: &dyn Destination) {
    let bytes = noise();
    let (first, second) = bytes.split_at(1_000_003);
    let size = put(destination, "job/run/app.dump", &[first, second]).await.unwrap();
    assert_eq!(size, bytes.len() as u64);
    assert_eq!(destination.stat("job/run/app.dump").await.unwrap(), Some(size));
    assert!(get(destination, "job/run/app.dump", None).await.unwrap() == bytes);
}

pub async fn an_empty_object_is_an_object(destination: &dyn Destination) {
    assert_eq!(put(destination, "empty", &[]).await.unwrap(), 0);
    assert_eq!(destination.stat("empty").await.unwrap(), Some(0));
    assert!(get(destination, "empty", None).await.unwrap().is_empty());
}

pub async fn an_unfinished_sink_leaves_nothing(destination: &dyn Destination) {
    let mut sink = destination.write("job/half").await.unwrap();
    sink.write(Bytes::from(noise())).await.unwrap();
    assert_eq!(destination.stat("job/half").await.unwrap(), None);
    drop(sink);
    assert!(destination.list("").await.unwrap().is_empty());
}

pub async fn readers_see_the_old_object_until_the_new_one_is_finished(destination: &dyn Destination) {
    put(destination, "manifest.json", &[b"old"]).await.unwrap();
    let mut sink = destination.write("manifest.json").await.unwrap();
    sink.write(Bytes::from_static(b"newer")).await.unwrap();
    assert_eq!(get(destination, "manifest.json", None).await.unwrap(), b"old");
    sink.finish().await.unwrap();
    assert_eq!(get(destination, "manifest.json", None).await.unwrap(), b"newer");
    assert_eq!(paths(destination, "").await, ["manifest.json"]);
}

pub async fn a_long_list_is_whole(destination: &dyn Destination) {
    let names: Vec<String> = (0..2_500).map(|at| format!("job/{:02}/{at:04}", at % 7)).collect();
    for some in names.chunks(50) {
        try_join_all(some.iter().map(|name| put(destination, name, &[b"x"])))
            .await
            .unwrap();
    }
    let mut wanted: Vec<Entry> = names.into_iter().map(|path| Entry { path, size: 1 }).collect();
    wanted.sort();
    assert!(destination.list("").await.unwrap() == wanted);
}

pub async fn a_list_is_of_one_folder(destination: &dyn Destination) {
    for path in ["nightly/1/a", "nightly/2/b", "nightly-2/3/c", "top"] {
        put(destination, path, &[b"x"]).await.unwrap();
    }
    assert_eq!(paths(destination, "nightly").await, ["nightly/1/a", "nightly/2/b"]);
    assert_eq!(paths(destination, "nightly/1").await, ["nightly/1/a"]);
    assert!(paths(destination, "weekly").await.is_empty());
}

pub async fn what_is_missing_is_said_to_be(destination: &dyn Destination) {
    let error = get(destination, "job/none", None).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound, "{error}");
    assert_eq!(destination.stat("job/none").await.unwrap(), None);
}

pub async fn ranges_are_exact(destination: &dyn Destination) {
    let bytes = noise();
    put(destination, "object", &[&bytes]).await.unwrap();
    for range in [0..1, 63..64 + 16, 1_048_575..2_097_153, 5..5, 3_200_000..3_200_001] {
        let part = get(destination, "object", Some(range.start as u64..range.end as u64))
            .await
            .unwrap();
        assert!(part == bytes[range.clone()], "{range:?}");
    }
}

pub async fn a_range_past_the_end_is_an_error(destination: &dyn Destination) {
    put(destination, "object", &[b"0123456789"]).await.unwrap();
    assert!(get(destination, "object", Some(5..11)).await.is_err());
    assert!(get(destination, "object", Some(20..30)).await.is_err());
}

pub async fn deleting_twice_is_fine(destination: &dyn Destination) {
    put(destination, "job/object", &[b"x"]).await.unwrap();
    destination.delete("job/object").await.unwrap();
    destination.delete("job/object").await.unwrap();
    assert_eq!(destination.stat("job/object").await.unwrap(), None);
}

pub async fn a_folder_goes_only_once_it_is_empty(destination: &dyn Destination) {
    for path in ["job/1/a", "job/1/deep/b", "job/2/c"] {
        put(destination, path, &[b"x"]).await.unwrap();
    }
    for left in ["job/1/a", "job/1/deep/b"] {
        destination.remove_empty_folder("job/1").await.unwrap();
        assert_eq!(
            paths(destination, "job/1").await.first().map(String::as_str),
            Some(left)
        );
        destination.delete(left).await.unwrap();
    }
    destination.remove_empty_folder("job/1/deep").await.unwrap();
    destination.remove_empty_folder("job/1").await.unwrap();
    assert_eq!(paths(destination, "").await, ["job/2/c"]);
    for refused in ["", "..", "job/..", "/job"] {
        assert!(destination.remove_empty_folder(refused).await.is_err(), "{refused:?}");
    }
    assert_eq!(paths(destination, "").await.len(), 1);
}

pub async fn odd_names_are_kept(destination: &dyn Destination) {
    let mut names = [
        "Größe/数据库.dump",
        "with space/and 'quotes' \"both\"",
        "percent%2Fescaped/100%",
        "-dash",
        "back\\slash",
        ".hidden/.part",
        "question?mark#hash&amp",
        "emoji 🗄",
    ];
    names.sort_unstable();
    for name in names {
        put(destination, name, &[name.as_bytes()]).await.unwrap();
    }
    let long = format!("long/{}", "l".repeat(255));
    put(destination, &long, &[b"x"]).await.unwrap();
    destination.delete(&long).await.unwrap();
    assert_eq!(paths(destination, "").await, names);
    for name in names {
        assert_eq!(get(destination, name, None).await.unwrap(), name.as_bytes());
    }
}

pub async fn writers_do_not_disturb_each_other(destination: &dyn Destination) {
    let write = |number: u8| async move {
        let path = format!("shared/folder/{number}");
        let block = vec![number; 100_000];
        put(destination, &path, &[&block, &block, &block]).await
    };
    try_join_all((0..8).map(write)).await.unwrap();
    for number in 0..8 {
        let read = get(destination, &format!("shared/folder/{number}"), None)
            .await
            .unwrap();
        assert!(read == vec![number; 300_000], "{number}");
    }
}

pub async fn paths_stay_below_the_prefix(destination: &dyn Destination) {
    for path in ["../outside", "a/../../outside", "/outside", "", "a//b", "a/./b"] {
        assert!(put(destination, path, &[b"x"]).await.is_err(), "write {path:?}");
        assert!(get(destination, path, None).await.is_err(), "read {path:?}");
        assert!(destination.stat(path).await.is_err(), "stat {path:?}");
        assert!(destination.delete(path).await.is_err(), "delete {path:?}");
    }
    assert!(destination.list("../").await.is_err());
}

pub async fn probing_writes_nothing(destination: &dyn Destination) {
    destination.probe().await.unwrap();
    assert!(destination.list("").await.unwrap().is_empty());
}

pub async fn a_reader_may_leave_early(destination: &dyn Destination) {
    put(destination, "object", &[&noise(), &noise(), &noise()])
        .await
        .unwrap();
    let mut chunks = destination.read("object", None).await.unwrap();
    assert!(chunks.next().await.unwrap().is_some());
    drop(chunks);
    destination.delete("object").await.unwrap();
    assert!(destination.list("").await.unwrap().is_empty());
}
