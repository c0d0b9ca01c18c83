//! Lists page by page: whole, in order, each item once, while the ledger grows.

use crate::world::{PATIENCE, WORLD, problem};
use blockworm_api::Paging;

#[test]
fn blocks_are_listed_once_each_while_blocks_are_added() {
    WORLD.run(async {
        for _ in 0..4 {
            WORLD.committed().await;
        }
        let (client, id) = (WORLD.client(), WORLD.id());
        let newest = client.block(&id, None).await.unwrap().header.height;
        let (mut paging, mut heights, mut pages) = (Paging::new(2, None), Vec::new(), 0);
        loop {
            let page = client.blocks(&id, &paging).await.unwrap();
            assert!((1..=2).contains(&page.items.len()));
            heights.extend(page.items.iter().map(|block| block.height));
            pages += 1;
            if pages < 4 {
                WORLD.committed().await;
            }
            match page.next {
                Some(next) => paging.cursor = Some(next),
                None => break,
            }
        }
        let expected: Vec<u64> = (1..=heights[0]).rev().collect();
        assert!(pages >= 3 && heights[0] >= newest);
        assert_eq!(
            heights, expected,
            "every block of the first page's moment, once, newest first"
        );
    });
}

#[test]
fn the_transactions_of_a_block_are_listed_in_its_order() {
    WORLD.run(async {
        let (client, id) = (WORLD.client(), WORLD.id());
        let transactions: Vec<Vec<u8>> = (1..=25).map(|n| WORLD.issue(n).encode()).collect();
        let outcomes = client
            .submit_batch(&id, &transactions, PATIENCE)
            .await
            .unwrap();
        let height = outcomes[0].height;
        let count = client
            .block(&id, Some(height))
            .await
            .unwrap()
            .transaction_count;
        let (mut paging, mut lines) = (Paging::new(7, None), Vec::new());
        loop {
            let page = client
                .block_transactions(&id, Some(height), &paging)
                .await
                .unwrap();
            lines.extend(page.items);
            match page.next {
                Some(next) => paging.cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(lines.len(), count);
        for (index, line) in lines.iter().enumerate() {
            let view = client.transaction(&id, &line.id).await.unwrap();
            assert_eq!((view.height, view.index as usize), (height, index));
        }
        // The pages of `latest` stay those of the block that it was.
        let first = client
            .block_transactions(&id, None, &Paging::new(1, None))
            .await
            .unwrap();
        if let Some(next) = first.next {
            WORLD.committed().await;
            let second = client
                .block_transactions(&id, None, &Paging::new(1, Some(next)))
                .await
                .unwrap();
            let of = |id: String| async move {
                WORLD
                    .client()
                    .transaction(&WORLD.id(), &id)
                    .await
                    .unwrap()
                    .height
            };
            assert_eq!(
                of(first.items[0].id.clone()).await,
                of(second.items[0].id.clone()).await
            );
        }
    });
}

#[test]
fn every_list_takes_limit_and_cursor_and_refuses_others() {
    WORLD.run(async {
        let (_, height) = WORLD.committed().await;
        let lists = [
            WORLD.url("/v1/ledgers"),
            WORLD.at("/blocks"),
            WORLD.at(&format!("/blocks/{height}/transactions")),
            WORLD.at("/organisations"),
            WORLD.at("/members"),
            WORLD.at("/members?organisation=bank"),
            WORLD.at("/contracts"),
        ];
        let foreign = hex::encode("nothing\nx");
        for list in &lists {
            let join = if list.contains('?') { '&' } else { '?' };
            let get = |query: String| async move {
                WORLD
                    .http()
                    .get(format!("{list}{join}{query}"))
                    .send()
                    .await
                    .unwrap()
            };
            let page: serde_json::Value = get("limit=1".into()).await.json().await.unwrap();
            assert_eq!(page["items"].as_array().unwrap().len(), 1, "{list}: {page}");
            assert!(page["next"].is_string() || page["next"].is_null());
            if let Some(next) = page["next"].as_str() {
                let second: serde_json::Value = get(format!("limit=1&cursor={next}"))
                    .await
                    .json()
                    .await
                    .unwrap();
                assert_ne!(second["items"], page["items"], "{list}");
            }
            for (query, code) in [
                ("limit=0".to_owned(), "api.bad_parameter"),
                ("limit=101".to_owned(), "api.bad_parameter"),
                ("limit=x".to_owned(), "api.bad_parameter"),
                ("before=3".to_owned(), "api.bad_parameter"),
                ("cursor=".to_owned(), "api.bad_cursor"),
                (format!("cursor={foreign}"), "api.bad_cursor"),
            ] {
                assert_eq!(
                    problem(get(query.clone()).await).await,
                    (400, code.into()),
                    "{list} {query}"
                );
            }
        }
        let contracts = WORLD.client().contracts(&WORLD.id()).await.unwrap();
        assert!(contracts.is_sorted_by(|a, b| a.name < b.name) && contracts.len() == 6);
    });
}
