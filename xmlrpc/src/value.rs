//! The value of a call or an answer.

use crate::scalar;

/// One XML-RPC value.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Value {
    /// Nothing: `<nil/>`, or an unknown empty element.
    #[default]
    Nil,
    /// `<boolean>`.
    Bool(bool),
    /// `<int>`, `<i4>`; larger numbers saturate when read.
    Int(i64),
    /// `<double>`.
    Double(f64),
    /// `<string>`, bare text, the text of an unknown element; `<base64>` in a call.
    Str(String),
    /// `<base64>`; a call never decodes to it (spec interfaces 2.2), a reply does.
    Base64(Vec<u8>),
    /// `<dateTime.iso8601>`, as `YYYYMMDDTHH:MM:SS`.
    DateTime(String),
    /// `<array>`.
    Array(Vec<Value>),
    /// `<struct>`, members in the order written, each name once.
    Struct(Vec<(String, Value)>),
}

impl Value {
    /// The member called `name`, if this is a struct that has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_struct()?
            .iter()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        let Self::Str(text) = self else { return None };
        Some(text)
    }

    /// The number of an int; no conversion, see [`Value::to_int`] for that.
    pub fn as_int(&self) -> Option<i64> {
        let Self::Int(number) = self else { return None };
        Some(*number)
    }

    /// The truth of a boolean; no conversion, see [`Value::is_truthy`] for that.
    pub fn as_bool(&self) -> Option<bool> {
        let Self::Bool(truth) = self else { return None };
        Some(*truth)
    }

    /// The number of a double.
    pub fn as_double(&self) -> Option<f64> {
        let Self::Double(number) = self else {
            return None;
        };
        Some(*number)
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        let Self::Array(items) = self else {
            return None;
        };
        Some(items)
    }

    /// The members of a struct, in order.
    pub fn as_struct(&self) -> Option<&[(String, Value)]> {
        let Self::Struct(members) = self else {
            return None;
        };
        Some(members)
    }

    /// Whether a method takes this for true, as in the original (spec interfaces 3.1): everything
    /// but nothing, zero and what is empty. The text `false` is true.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(truth) => *truth,
            Self::Int(number) => *number != 0,
            Self::Double(number) => *number != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::Base64(bytes) => !bytes.is_empty(),
            Self::DateTime(_) => true,
            Self::Array(items) => !items.is_empty(),
            Self::Struct(members) => !members.is_empty(),
        }
    }

    /// The whole number that a method takes this for, as in the original (spec interfaces 2.4):
    /// texts are converted, floats truncated (saturating at 64 bits), booleans count 0 and 1.
    pub fn to_int(&self) -> Option<i64> {
        match self {
            Self::Bool(truth) => Some((*truth).into()),
            Self::Int(number) => Some(*number),
            Self::Double(number) => number.is_finite().then_some(*number as i64),
            Self::Str(text) => scalar::int(text),
            Self::Nil | Self::Base64(_) | Self::DateTime(_) | Self::Array(_) | Self::Struct(_) => {
                None
            }
        }
    }

    /// A struct of these members; of a name given twice the last value stays.
    pub fn structure<K, V>(members: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<Value>,
    {
        let members = members
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        Self::Struct(unique(members))
    }
}

/// Few enough members to look for a name one by one.
const FEW: usize = 16;

/// Each name once: the first one's place, the last one's value, as in the original's maps.
pub(crate) fn unique(members: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let is_repeated = |n: usize| members[..n].iter().any(|it| it.0 == members[n].0);
    if members.len() <= FEW && !(0..members.len()).any(is_repeated) {
        return members;
    }
    // The body may name a hundred thousand members: no quadratic search here.
    let mut places = std::collections::HashMap::with_capacity(members.len());
    let mut kept: Vec<(String, Value)> = Vec::with_capacity(members.len());
    for (key, value) in members {
        if let Some(&place) = places.get(&key) {
            let slot: &mut (String, Value) = &mut kept[place];
            slot.1 = value;
        } else {
            places.insert(key.clone(), kept.len());
            kept.push((key, value));
        }
    }
    kept
}

macro_rules! value_from {
    ($($source:ty => $variant:ident,)*) => {
        $(impl From<$source> for Value {
            fn from(value: $source) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

value_from! {
    bool => Bool,
    i32 => Int,
    u32 => Int,
    i64 => Int,
    f64 => Double,
    &str => Str,
    &String => Str,
    String => Str,
    Vec<u8> => Base64,
    Vec<Value> => Array,
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Self::Nil
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nil, Into::into)
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_name_keeps_its_place_and_takes_the_last_value() {
        let twice = |extra: i32| {
            let filler = (0..extra).map(|n| (format!("k{n}"), Value::from(n)));
            let mut members = vec![("a".to_owned(), Value::from(1))];
            members.extend(filler);
            members.push(("a".to_owned(), Value::from(3)));
            unique(members)
        };
        for extra in [1, 40] {
            let members = twice(extra);
            assert_eq!(members.len(), 1 + extra as usize);
            assert_eq!(members[0], ("a".to_owned(), Value::from(3)));
        }
    }

    #[test]
    fn get_finds_members_of_structs_only() {
        let value = Value::structure([("a", 1), ("b", 2)]);
        assert_eq!(value.get("b"), Some(&Value::Int(2)));
        assert_eq!(value.get("c"), None);
        assert_eq!(Value::from("a").get("a"), None);
    }

    #[test]
    fn numbers_convert_as_in_the_original() {
        for (value, expected) in [
            (Value::from(3), Some(3)),
            (Value::from("3"), Some(3)),
            (Value::from(" 3 "), Some(3)),
            (Value::from(2.9), Some(2)),
            (Value::from(-2.9), Some(-2)),
            (Value::from(1e30), Some(i64::MAX)),
            (Value::from(true), Some(1)),
            (Value::from("2.7"), None),
            (Value::from(""), None),
            (Value::from(f64::NAN), None),
            (Value::Nil, None),
            (Value::Array(vec![Value::from(1)]), None),
        ] {
            assert_eq!(value.to_int(), expected, "{value:?}");
        }
    }

    #[test]
    fn truth_is_what_is_not_empty() {
        for value in [Value::from("false"), Value::from("0"), Value::from(-1)] {
            assert!(value.is_truthy(), "{value:?}");
        }
        let empty = [
            Value::Nil,
            Value::from(0),
            Value::from(0.0),
            Value::from(""),
            Value::Array(Vec::new()),
            Value::Struct(Vec::new()),
        ];
        for value in empty {
            assert!(!value.is_truthy(), "{value:?}");
        }
    }
}
