//! Codes of the registry, of receivables and of proofs between ledgers, in words.

/// Code, English, Chinese; see `explain::CODES`.
pub(crate) const CODES: &[(&str, &str, &str)] = &[
    (
        "registry.bad_fingerprint",
        "The fingerprint is not 64 hex digits.",
        "指纹不是 64 位十六进制数。",
    ),
    (
        "registry.bad_duration",
        "The reservation is too short or too long.",
        "预留时间过短或过长。",
    ),
    (
        "registry.already_reserved",
        "Other reservations keep the document, or too much of it, until they are released by proof.",
        "该单据（或其过多份额）已被预留，须凭证明释放后方可使用。",
    ),
    (
        "registry.already_financed",
        "The document, or too much of it, has been financed.",
        "该单据（或其过多份额）已融资。",
    ),
    (
        "registry.bad_sets",
        "The fingerprints and shares of the document contradict themselves.",
        "单据指纹与份额自相矛盾。",
    ),
    (
        "registry.bad_nonce",
        "The nonce is not 64 hex digits.",
        "随机数不是 64 位十六进制数。",
    ),
    (
        "registry.bad_commitment",
        "The commitment is not 64 hex digits.",
        "承诺值不是 64 位十六进制数。",
    ),
    (
        "registry.already_committed",
        "The bank has made this commitment before.",
        "该银行已作出相同承诺。",
    ),
    (
        "registry.not_committed",
        "The bank has not committed itself to exactly this.",
        "该银行未就此内容作出承诺。",
    ),
    (
        "registry.commitment_expired",
        "The commitment is older than ten minutes.",
        "承诺已逾十分钟，失效。",
    ),
    (
        "registry.too_soon",
        "The commitment is not old enough to be opened.",
        "承诺尚未到可公开之时。",
    ),
    (
        "registry.no_keys",
        "The key holders have published no keys yet.",
        "密钥持有方尚未公布密钥。",
    ),
    (
        "registry.other_versions",
        "Fingerprints under other versions of the keys are needed.",
        "需提供其他密钥版本下的指纹。",
    ),
    (
        "registry.has_version",
        "The claim is known under that version of the keys already.",
        "该登记已有此密钥版本的指纹。",
    ),
    (
        "registry.other_share",
        "The claim is made on another share.",
        "该登记的份额与此不同。",
    ),
    (
        "registry.already_confirmed",
        "The claim is a financing already.",
        "该登记已确认为融资。",
    ),
    (
        "registry.too_many_claims",
        "Too many open claims share one of the fingerprints.",
        "共用同一指纹的有效登记过多。",
    ),
    (
        "registry.not_firm",
        "The bank has a claim on it that is not firm yet.",
        "该银行已有一项尚未确定的登记。",
    ),
    (
        "registry.nothing_to_clear",
        "The claim was not displaced, or was cleared before.",
        "该登记未被取代，或此前已清理。",
    ),
    (
        "registry.too_much_asked",
        "Too many fingerprints were asked for at once.",
        "一次查询的指纹过多。",
    ),
    (
        "registry.not_a_holder",
        "Only the two key holders publish keys.",
        "只有两家密钥持有方可公布密钥。",
    ),
    (
        "registry.bad_version",
        "It is not the next version of the keys.",
        "并非下一个密钥版本。",
    ),
    (
        "registry.bad_key",
        "It is no new public key.",
        "并非新的公钥。",
    ),
    (
        "registry.too_many_versions",
        "Open claims stand under too many older versions of the keys.",
        "有效登记所涉旧密钥版本过多。",
    ),
    (
        "registry.no_claim",
        "There is no open claim that the message could act on.",
        "该单据没有可操作的有效登记。",
    ),
    (
        "registry.unknown_ledger",
        "The registry knows no ledger of that name on which to finance.",
        "登记合约不认识该融资账本。",
    ),
    (
        "registry.unreadable_pledge",
        "What the proof shows is not a pledge.",
        "证明所示内容不是质押记录。",
    ),
    (
        "registry.not_pledged",
        "The trade's ledger held no pledge under the reservation.",
        "交易账本上没有该预留项下的质押。",
    ),
    (
        "registry.pledge_ended",
        "The pledge has ended or was forgone: the claim can be released.",
        "质押已结束或已放弃，该登记可以释放。",
    ),
    (
        "registry.still_pledged",
        "The pledge stands on the trade's ledger: the claim cannot be released.",
        "交易账本上的质押仍有效，登记不可释放。",
    ),
    (
        "registry.too_early",
        "The proof is from before the reservation's end: a pledge could still follow.",
        "证明早于预留期满，其后仍可能质押。",
    ),
    (
        "receivable.bad_payload",
        "The payment does not say what it is for.",
        "付款未说明用途。",
    ),
    (
        "receivable.bad_id",
        "The receivable's id breaks its rule.",
        "应收账款编号不符合规则。",
    ),
    (
        "receivable.bad_digest",
        "A digest is not one.",
        "摘要格式不正确。",
    ),
    (
        "receivable.zero_amount",
        "Nothing would be owed.",
        "应付金额必须大于零。",
    ),
    (
        "receivable.bad_price",
        "The price must be more than zero and at most the amount.",
        "价格须大于零且不超过应付金额。",
    ),
    (
        "receivable.buyer_is_seller",
        "Seller and buyer must differ.",
        "卖方与买方不能相同。",
    ),
    (
        "receivable.unknown_buyer",
        "The buyer is not an active member of this ledger.",
        "买方不是本账本的有效成员。",
    ),
    (
        "receivable.already_exists",
        "There is a receivable with this id already.",
        "该编号的应收账款已存在。",
    ),
    (
        "receivable.invoice_already_registered",
        "The invoice stands behind another receivable already.",
        "该发票已登记在另一笔应收账款下。",
    ),
    (
        "receivable.not_found",
        "There is no such receivable.",
        "没有该笔应收账款。",
    ),
    (
        "receivable.not_the_buyer",
        "Only the buyer can confirm or settle the debt.",
        "只有买方可以确认或清偿债务。",
    ),
    (
        "receivable.already_confirmed",
        "The buyer confirmed it before.",
        "买方此前已确认。",
    ),
    (
        "receivable.already_financed",
        "It was financed before: a receivable is financed at most once.",
        "该笔应收账款此前已融资：同一笔应收账款至多融资一次。",
    ),
    (
        "receivable.not_confirmed",
        "The buyer has not confirmed the debt yet.",
        "买方尚未确认债务。",
    ),
    (
        "receivable.already_settled",
        "The buyer has paid it.",
        "买方已清偿。",
    ),
    (
        "receivable.wrong_amount",
        "The payment is not the amount owed.",
        "支付金额与应付金额不符。",
    ),
    (
        "receivable.no_registry",
        "This ledger has no registry, so there is no claim.",
        "本账本没有登记账本，因而没有登记。",
    ),
    (
        "receivable.reservation_missing",
        "The bank must reserve the document on the registry and show the proof.",
        "银行须先在登记账本上预留该单据并出示证明。",
    ),
    (
        "receivable.not_reserved",
        "The registry had no such claim.",
        "登记账本上没有该项登记。",
    ),
    (
        "receivable.unreadable_claim",
        "What the proof shows is not a claim.",
        "证明所示内容不是登记记录。",
    ),
    (
        "receivable.other_bank",
        "The claim is another bank's.",
        "该登记属于其他银行。",
    ),
    (
        "receivable.other_ledger",
        "The claim is for financing on another ledger.",
        "该登记用于在其他账本上融资。",
    ),
    (
        "receivable.reservation_ended",
        "The claim has ended.",
        "该登记已结束。",
    ),
    (
        "receivable.reservation_not_firm",
        "An earlier commitment can still take the claim's place.",
        "更早的承诺仍可取代该登记。",
    ),
    (
        "receivable.share_too_small",
        "The claim covers less of the document than is financed.",
        "登记份额小于融资份额。",
    ),
    (
        "receivable.other_document",
        "The claim is on another document than the financings before.",
        "该登记所涉单据与此前融资不符。",
    ),
    (
        "receivable.reservation_expired",
        "The reservation's time has passed.",
        "预留已到期。",
    ),
    (
        "receivable.claim_used",
        "The claim was pledged or forgone before.",
        "该登记此前已质押或放弃。",
    ),
    (
        "foreign.unknown_ledger",
        "That ledger is not pinned here, or not followed yet.",
        "该账本尚未在此锚定或跟随。",
    ),
    (
        "foreign.unknown_contract",
        "That ledger began with no such contract.",
        "该账本的创世中没有此合约。",
    ),
    (
        "foreign.too_large",
        "The proof has more parts than are read.",
        "证明超出可读取的规模。",
    ),
    (
        "foreign.malformed",
        "The bytes are not in the form of a proof, genesis or handover.",
        "内容不是有效的证明、创世或交接格式。",
    ),
    (
        "foreign.other_key",
        "The proof is about something else than was asked.",
        "证明所涉内容与所询不符。",
    ),
    (
        "foreign.stale",
        "It ends before the validators known here began to vote.",
        "其截止早于此处所知验证者开始表决之时。",
    ),
    (
        "foreign.broken_proof",
        "A check of the other ledger's headers, signatures or state failed.",
        "另一账本的区块头、签名或状态核验未通过。",
    ),
    (
        "foreign.already_followed",
        "The ledger is followed under this pin already.",
        "该账本已按此锚定跟随。",
    ),
    (
        "foreign.other_genesis",
        "It is not the genesis that was voted.",
        "并非经表决锚定的创世。",
    ),
    (
        "registry.bad_holders",
        "The two key holders are different organisations.",
        "两个密钥持有机构必须不同。",
    ),
    (
        "registry.bad_settle_blocks",
        "A claim becomes firm after at most 64 blocks.",
        "登记至多在 64 个区块后确定。",
    ),
];
