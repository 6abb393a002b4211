//! Amazon Resource Names, as far as this function reads them.
//!
//! Source: "Identify AWS resources with Amazon Resource Names (ARNs)",
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.

/// The parts of an ARN, `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    /// Everything after the account, such as `deliverystream/NAME`.
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Reads an ARN; `None` if the text has fewer parts than an ARN.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next();
        let ("arn", _partition) = (next()?, next()?) else { return None };
        Some(Self { service: next()?, region: next()?, account: next()?, resource: next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_by_position() {
        assert_eq!(
            Arn::parse("arn:aws-cn:lambda:cn-north-1:123456789012:function:transform:live"),
            Some(Arn {
                service: "lambda",
                region: "cn-north-1",
                account: "123456789012",
                resource: "function:transform:live"
            })
        );
    }

    #[test]
    fn text_with_fewer_parts_is_not_an_arn() {
        for text in ["", "arn", "arn:aws:lambda:us-east-1:1", "urn:aws:lambda:us-east-1:1:function:f"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }
}
