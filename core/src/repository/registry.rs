//! Which collections there are, and how each behaves.

use super::consistency::Consistency;
use super::query::{FieldPath, declare};
use crate::cache::{AccessTimes, CacheConfig};
use crate::conflict::{FieldRule, Rules, Strategy};
use crate::device::Device;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Document, Path, validate_collection};
use crate::outbox::{ConflictResolver, References, Resolver};
use crate::store::{Store, Tx, collections, conflicts};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

/// How a collection behaves. A collection that is not declared merges its conflicts, has no indexes, and is cached without limits.
#[derive(Debug, Clone, PartialEq)]
pub struct CollectionConfig {
    /// Its name: letters, digits and `_`, a letter first.
    pub name: String,
    /// When its writes return, and whether they are merged at all.
    pub consistency: Consistency,
    /// How its conflicts are resolved.
    pub conflict: Strategy,
    /// Who decides single paths, by path: a JSON Pointer (`/stats/plays`), or names with dots (`stats.plays`). A path without a rule has
    /// that of the nearest one above it, or the strategy's.
    pub rules: BTreeMap<String, FieldRule>,
    /// Lists of objects that are merged element by element, by path: the member that tells the elements apart.
    pub list_keys: BTreeMap<String, String>,
    /// Paths that hold ids of documents of other collections, by path: the collection. A document waits until those that it refers to are on
    /// the server.
    pub references: BTreeMap<String, String>,
    /// Decides conflicts in the place of a person. [`Strategy::Custom`] needs one, and no other strategy takes one.
    pub resolver: Option<Resolver>,
    /// Fields that queries filter and order by, each list one index: first those compared for equality, then the order's.
    pub indexes: Vec<Vec<FieldPath>>,
    /// How it is cached.
    pub cache: CacheConfig,
}

impl CollectionConfig {
    /// A collection that merges its conflicts and has no indexes.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            consistency: Consistency::default(),
            conflict: Strategy::default(),
            rules: BTreeMap::new(),
            list_keys: BTreeMap::new(),
            references: BTreeMap::new(),
            resolver: None,
            indexes: Vec::new(),
            cache: CacheConfig::default(),
        }
    }

    /// Sets who decides a path that both sides changed.
    #[must_use]
    pub fn rule(mut self, path: impl Into<String>, rule: FieldRule) -> Self {
        self.rules.insert(path.into(), rule);
        self
    }

    /// Merges a list of objects element by element: those with the same value of `key` are the same.
    #[must_use]
    pub fn list_key(mut self, path: impl Into<String>, key: impl Into<String>) -> Self {
        self.list_keys.insert(path.into(), key.into());
        self
    }

    /// Lets the app's own code decide conflicts: sets the strategy to [`Strategy::Custom`].
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn ConflictResolver>) -> Self {
        self.conflict = Strategy::Custom;
        self.resolver = Some(Resolver(resolver));
        self
    }

    /// Declares that a path holds the id, or a list of ids, of documents of another collection.
    #[must_use]
    pub fn reference(mut self, path: impl Into<String>, collection: impl Into<String>) -> Self {
        self.references.insert(path.into(), collection.into());
        self
    }

    /// The rules by which its conflicts are decided. Paths that cannot be read were refused when the client was opened.
    pub(crate) fn conflict_rules(&self) -> Rules {
        let mut rules = Rules::of(self.conflict);
        for (path, rule) in &self.rules {
            if let Some(path) = config_path(path) {
                rules.set(path, *rule);
            }
        }
        for (path, key) in &self.list_keys {
            if let Some(path) = config_path(path) {
                rules.set_key(path, key.as_str());
            }
        }
        rules
    }

    /// The declared references as paths.
    fn reference_paths(&self) -> Vec<(Path, String)> {
        let paths = self.references.iter().filter_map(|(path, name)| Some((config_path(path)?, name.clone())));
        paths.collect()
    }

    fn check(&self) -> Result<()> {
        validate_collection(&self.name)?;
        let wrong = |what: String| {
            let message = format!("{what} in the configuration of collection {:?}", self.name);
            Err(Error::invalid(ErrorCode::InvalidConfig, message))
        };
        for path in self.rules.keys().chain(self.list_keys.keys()).chain(self.references.keys()) {
            match config_path(path) {
                None => return wrong(format!("{path:?} is not a path")),
                // The id is the document's name, not a part of what it holds.
                Some(place) if place == Path::field("id") => {
                    return wrong(format!("{path:?} is the document's id, which nothing changes,"));
                }
                Some(_) => {}
            }
        }
        if let Some((path, _)) = self.list_keys.iter().find(|(_, key)| key.is_empty()) {
            return wrong(format!("the key of the list {path:?} has no name"));
        }
        if self.indexes.iter().any(Vec::is_empty) {
            return wrong("an index has no fields".to_owned());
        }
        if self.conflict == Strategy::Custom && self.resolver.is_none() {
            return wrong("the strategy \"custom\" has no resolver".to_owned());
        }
        if self.conflict != Strategy::Custom && self.resolver.is_some() {
            return wrong("a resolver without the strategy \"custom\", which nothing would ask,".to_owned());
        }
        self.references.values().try_for_each(|name| validate_collection(name))
    }

    /// Sets when its writes return.
    #[must_use]
    pub fn consistency(mut self, consistency: Consistency) -> Self {
        self.consistency = consistency;
        self
    }

    /// Sets how conflicts are resolved.
    #[must_use]
    pub fn conflict(mut self, strategy: Strategy) -> Self {
        self.conflict = strategy;
        self
    }

    /// Sets how it is cached.
    #[must_use]
    pub fn cache(mut self, cache: CacheConfig) -> Self {
        self.cache = cache;
        self
    }

    /// Declares an index.
    ///
    /// # Errors
    /// `INVALID_NAME` for a path that is none.
    pub fn index(mut self, paths: &[&str]) -> Result<Self> {
        self.indexes.push(paths.iter().map(|path| FieldPath::new(path)).collect::<Result<_>>()?);
        Ok(self)
    }
}

/// A path of the configuration: a JSON Pointer, or names with dots.
pub(crate) fn config_path(text: &str) -> Option<Path> {
    if text.starts_with('/') {
        return Path::parse(text);
    }
    let mut names = text.split('.').map(|name| (!name.is_empty()).then_some(name));
    let first = Path::field(names.next()??);
    names.try_fold(first, |path, name| Some(path.member(name?)))
}

/// Collections that documents of others refer to, and the names of those others.
type Referred = BTreeMap<String, Vec<String>>;

/// A collection of this store.
#[derive(Debug)]
pub(crate) struct CollectionInfo {
    pub id: i64,
    pub name: String,
    pub consistency: Consistency,
    pub rules: Arc<Rules>,
    /// Paths that hold ids of documents, and the names of their collections.
    pub references: Vec<(Path, String)>,
    /// The names of the collections whose documents refer to those of this one.
    pub referred_by: Vec<String>,
    pub resolver: Option<Resolver>,
    pub cache: CacheConfig,
    pub access_times: AccessTimes,
}

impl CollectionInfo {
    fn declared(id: i64, config: &CollectionConfig, referred: &Referred) -> Arc<Self> {
        Arc::new(Self {
            id,
            name: config.name.clone(),
            consistency: config.consistency,
            rules: Arc::new(config.conflict_rules()),
            references: config.reference_paths(),
            referred_by: referred.get(&config.name).cloned().unwrap_or_default(),
            resolver: config.resolver.clone(),
            cache: config.cache.clone(),
            access_times: AccessTimes::default(),
        })
    }

    fn undeclared(id: i64, name: &str, referred: &Referred) -> Arc<Self> {
        Self::declared(id, &CollectionConfig::new(name), referred)
    }

    #[cfg(test)]
    pub fn for_test(id: i64, conflict: Strategy) -> Arc<Self> {
        Self::declared(id, &CollectionConfig::new("tasks").conflict(conflict), &Referred::new())
    }

    /// Notes that documents are used, if it matters.
    pub fn used<'a>(&self, device: &Device, documents: impl Iterator<Item = &'a Document>) {
        if self.cache.is_bounded() {
            self.access_times.note(documents.map(|document| document.id.as_str()), device.server_now_ms());
        }
    }

    /// Notes that a document is used, if it matters.
    pub fn used_id(&self, device: &Device, id: &str) {
        if self.cache.is_bounded() {
            self.access_times.note(std::iter::once(id), device.server_now_ms());
        }
    }
}

/// All collections of a client. Thread-safe.
#[derive(Debug)]
pub(crate) struct Registry {
    known: RwLock<BTreeMap<String, Arc<CollectionInfo>>>,
    /// Whether the app declared collections: then it keys these and no others.
    pub declared: bool,
    /// Whether a collection is confirmed.
    pub confirms: bool,
    referred: Arc<Referred>,
}

impl Registry {
    /// Takes the declared collections and those that the store has from before, and brings the indexes up to date.
    pub fn open(store: &Store, configs: Vec<CollectionConfig>) -> Result<Self> {
        for (index, config) in configs.iter().enumerate() {
            config.check()?;
            if configs[..index].iter().any(|other| other.name == config.name) {
                return Err(Error::invalid(
                    ErrorCode::InvalidConfig,
                    format!("collection {:?} is declared twice", config.name),
                ));
            }
            if config.cache.max_documents == Some(0) || config.cache.max_bytes == Some(0) {
                let message = format!("a limit of collection {:?} is zero", config.name);
                return Err(Error::invalid(ErrorCode::InvalidConfig, message));
            }
        }
        let declared = !configs.is_empty();
        let confirms = configs.iter().any(|config| config.consistency != Consistency::Eventual);
        let mut referred = Referred::new();
        for config in &configs {
            for name in config.references.values().collect::<BTreeSet<_>>() {
                referred.entry(name.clone()).or_default().push(config.name.clone());
            }
        }
        let referred = Arc::new(referred);
        let names = referred.clone();
        let known = store.write_blocking(move |tx| {
            for config in &configs {
                let id = collections::ensure(tx, &config.name)?;
                declare(tx, id, &config.indexes)?;
            }
            let all = collections::all(tx)?;
            let has_resolver =
                |name: &str| configs.iter().any(|config| config.name == name && config.resolver.is_some());
            let resolved: Vec<i64> = all.iter().filter(|(_, name)| has_resolver(name)).map(|(id, _)| *id).collect();
            conflicts::hand_over_unresolved(tx, &resolved)?;
            let all = all.into_iter().map(|(id, name)| {
                let info = match configs.iter().find(|config| config.name == name) {
                    Some(config) => CollectionInfo::declared(id, config, &names),
                    None => CollectionInfo::undeclared(id, &name, &names),
                };
                (name, info)
            });
            Ok(all.collect())
        })?;
        Ok(Self { known: RwLock::new(known), declared, confirms, referred })
    }

    /// A collection that is known.
    pub fn get(&self, name: &str) -> Option<Arc<CollectionInfo>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// A collection, known or new. Blocks for a write if it is new.
    pub fn ensure(&self, store: &Store, name: &str) -> Result<Arc<CollectionInfo>> {
        if let Some(info) = self.get(name) {
            return Ok(info);
        }
        validate_collection(name)?;
        let owned = name.to_owned();
        let id = store.write_blocking(move |tx| collections::ensure(tx, &owned))?;
        Ok(self.learn(id, name))
    }

    /// The same inside a transaction.
    pub fn ensure_in(&self, tx: &Tx<'_>, name: &str) -> Result<Arc<CollectionInfo>> {
        if let Some(info) = self.get(name) {
            return Ok(info);
        }
        validate_collection(name)?;
        // Not remembered yet: the transaction may be taken back.
        let id = collections::ensure(tx, name)?;
        Ok(CollectionInfo::undeclared(id, name, &self.referred))
    }

    /// Takes up the collections that transactions have made since: a name is remembered once its transaction has committed.
    pub fn refresh(&self, store: &Store) -> Result<()> {
        for (id, name) in store.read(collections::all)? {
            if self.get(&name).is_none() {
                self.learn(id, &name);
            }
        }
        Ok(())
    }

    /// The collections that documents of a collection refer to, and whether others refer to it. Asked by every write.
    pub fn references(&self, tx: &Tx<'_>, info: &CollectionInfo) -> Result<References> {
        let to = info.references.iter().map(|(path, name)| Ok((path.clone(), self.ensure_in(tx, name)?.id)));
        Ok(References { to: to.collect::<Result<_>>()?, named: !info.referred_by.is_empty() })
    }

    /// The same of a collection's number. None for one that is not known.
    pub fn references_of(&self, tx: &Tx<'_>, id: i64) -> Result<References> {
        self.of_number(id).map(|info| self.references(tx, &info)).transpose().map(Option::unwrap_or_default)
    }

    /// The collections that have limits.
    pub fn bounded(&self) -> Vec<Arc<CollectionInfo>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.values().filter(|info| info.cache.is_bounded()).cloned().collect()
    }

    /// The rules by which the conflicts of a collection, given by its number, are decided.
    pub fn rules(&self, id: i64) -> Arc<Rules> {
        self.of_number(id).map(|info| info.rules.clone()).unwrap_or_default()
    }

    /// A collection by its number.
    pub fn by_id(&self, id: i64) -> Arc<CollectionInfo> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.values().find(|info| info.id == id).cloned();
        found.unwrap_or_else(|| CollectionInfo::undeclared(id, "", &self.referred))
    }

    /// The name of a collection's number.
    pub fn name(&self, id: i64) -> String {
        self.of_number(id).map(|info| info.name.clone()).unwrap_or_default()
    }

    fn of_number(&self, id: i64) -> Option<Arc<CollectionInfo>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.values().find(|info| info.id == id).cloned()
    }

    fn learn(&self, id: i64, name: &str) -> Arc<CollectionInfo> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(name.to_owned()).or_insert_with(|| CollectionInfo::undeclared(id, name, &self.referred)).clone()
    }
}
