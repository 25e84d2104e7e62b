//! What travels: a plain, total value.

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
    /// `<base64>`; a call never decodes to it (spec 2.2), a reply does.
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
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_struct()?
            .iter()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The number of an int; no conversion, see [`crate::typed`] for that.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    /// The truth of a boolean; no conversion, see [`crate::typed::truthy`] for that.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self {
            Some(*truth)
        } else {
            None
        }
    }

    /// The number of a double.
    #[must_use]
    pub fn as_double(&self) -> Option<f64> {
        if let Self::Double(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    /// The items of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Self::Array(items) = self {
            Some(items)
        } else {
            None
        }
    }

    /// The members of a struct, in order.
    #[must_use]
    pub fn as_struct(&self) -> Option<&[(String, Value)]> {
        if let Self::Struct(members) = self {
            Some(members)
        } else {
            None
        }
    }

    /// Whether this is nothing.
    #[must_use]
    pub const fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// A struct of these members; of a name given twice the last value stays.
    #[must_use]
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
    if members.len() <= FEW {
        let repeated = members
            .iter()
            .enumerate()
            .any(|(n, (key, _))| members[..n].iter().any(|(other, _)| other == key));
        if !repeated {
            return members;
        }
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

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Str(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Base64(bytes)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::Array(items)
    }
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
}
